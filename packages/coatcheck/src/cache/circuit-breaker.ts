import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleAll,
  type IBackoff,
} from "cockatiel";
import type { Schedule } from "../session/clock.ts";
import { LatencyHistogram, type LatencySnapshot } from "./histogram.ts";

/** `closed`: calls go through. `open`: calls are rejected immediately. `half-open`: one trial call goes through. */
export type BreakerState = "closed" | "open" | "half-open";

/** Deadline and time sources of a {@link CircuitBreaker}. */
export interface CircuitBreakerOptions {
  /** Milliseconds after which a call without a response has failed. */
  readonly deadline: number;
  readonly schedule: Schedule;
  /** Returns monotonic milliseconds. */
  readonly monotonic: () => number;
}

/** Metrics of one circuit breaker. */
export interface RemoteCallMetrics {
  readonly breaker: BreakerState;
  /** Calls that failed or missed the deadline. */
  readonly failures: number;
  /** Calls that were rejected because the breaker was open. */
  readonly rejected: number;
  /** Latency of the successful calls. */
  readonly latency: LatencySnapshot;
}

/** Number of consecutive failures that opens the breaker. */
const FAILURES_TO_OPEN = 5;
/** Milliseconds for which the breaker stays open before the next trial call. */
const HALF_OPEN_AFTER = 500;

/**
 * Protects callers from a slow or unavailable remote tier. Each call has a deadline, because with a
 * hung server, a driver's command stays pending forever. A circuit breaker makes sure that only the first few calls
 * wait for that deadline.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  readonly #breaker: CircuitBreakerPolicy;
  readonly #latency = new LatencyHistogram();
  #failures = 0;
  #rejected = 0;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
    this.#breaker = circuitBreaker(handleAll, {
      breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
      halfOpenAfter: { next: () => createMonotonicBackoff(options.monotonic) },
    });
  }

  /**
   * Runs a call. Rejects with the call's error, with {@link DeadlineError}, or immediately while the breaker is open.
   */
  async run<T>(call: () => Promise<T>): Promise<T> {
    const { monotonic, deadline, schedule } = this.#options;
    try {
      return await this.#breaker.execute(async () => {
        const startedAt = monotonic();
        const result = await withDeadline(call(), deadline, schedule);
        this.#latency.record(monotonic() - startedAt);
        return result;
      });
    } catch (error) {
      if (error instanceof BrokenCircuitError) this.#rejected++;
      else this.#failures++;
      throw error;
    }
  }

  /** Metrics since the circuit breaker was created. */
  metrics(): RemoteCallMetrics {
    return {
      breaker: STATE_NAMES[this.#breaker.state],
      failures: this.#failures,
      rejected: this.#rejected,
      latency: this.#latency.snapshot(),
    };
  }
}

/**
 * Creates a backoff that measures time with the monotonic clock. cockatiel's own backoff uses the wall clock: if an
 * administrator set that clock back by an hour, the breaker would stay open for an hour.
 */
function createMonotonicBackoff(monotonic: () => number): IBackoff<unknown> {
  const until = monotonic() + HALF_OPEN_AFTER;
  return {
    get duration() {
      return monotonic() < until ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    },
    next: () => createMonotonicBackoff(monotonic),
  };
}

const STATE_NAMES: Record<CircuitState, BreakerState> = {
  [CircuitState.Closed]: "closed",
  [CircuitState.Open]: "open",
  [CircuitState.Isolated]: "open",
  [CircuitState.HalfOpen]: "half-open",
};

/** Reports that a call missed its deadline. The call may still take effect. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";

  constructor(deadline: number) {
    super(`No response within ${deadline} ms.`);
  }
}

/**
 * Settles like `promise`, or rejects with {@link DeadlineError} after `deadline` milliseconds. When a paused process
 * resumes, the deadline may have expired while the response waits to be read. So this function waits one more turn of
 * the event loop before it rejects.
 */
export async function withDeadline<T>(promise: Promise<T>, deadline: number, schedule: Schedule): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  let cancel = schedule(deadline, () => {
    cancel = schedule(0, () => reject(new DeadlineError(deadline)));
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    cancel();
  }
}
