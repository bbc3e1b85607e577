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

/** `closed`: calls go through. `open`: they are turned away at once. `half-open`: one tries. */
export type BreakerState = "closed" | "open" | "half-open";

/** How long to wait for a remote tier, and when to leave it alone. */
export interface GuardOptions {
  /** Milliseconds after which an unanswered call has failed. */
  readonly deadline: number;
  readonly schedule: Schedule;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/** What went through one guard. */
export interface GuardFigures {
  readonly breaker: BreakerState;
  readonly failures: number;
  /** Calls that were not made, because the breaker was open. */
  readonly turnedAway: number;
  /** Of the calls that were answered. */
  readonly latency: LatencySnapshot;
}

/** Calls that fail in a row before the breaker opens. */
const FAILURES_TO_OPEN = 5;
/** Milliseconds that it stays open before one call tries. */
const HALF_OPEN_AFTER = 500;

/**
 * Stands before a remote tier: a deadline for each call, since the drivers leave a command to a hung server pending for
 * ever, and a breaker, so that a tier that is down costs the deadline a few times and not at every request.
 */
export class Guard {
  readonly #options: GuardOptions;
  readonly #breaker: CircuitBreakerPolicy;
  readonly #latency = new LatencyHistogram();
  #failures = 0;
  #turnedAway = 0;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#breaker = circuitBreaker(handleAll, {
      breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
      halfOpenAfter: { next: () => pauseBy(options.monotonic) },
    });
  }

  /** Runs a call; rejects with the call's error, with {@link DeadlineError}, or at once while the breaker is open. */
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
      if (error instanceof BrokenCircuitError) this.#turnedAway++;
      else this.#failures++;
      throw error;
    }
  }

  figures(): GuardFigures {
    return {
      breaker: STATE_NAMES[this.#breaker.state],
      failures: this.#failures,
      turnedAway: this.#turnedAway,
      latency: this.#latency.snapshot(),
    };
  }
}

/** Begins now. cockatiel counts by the wall clock, and one set back an hour would hold the breaker open for as long. */
function pauseBy(monotonic: () => number): IBackoff<unknown> {
  const until = monotonic() + HALF_OPEN_AFTER;
  return {
    get duration() {
      return monotonic() < until ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    },
    next: () => pauseBy(monotonic),
  };
}

const STATE_NAMES: Record<CircuitState, BreakerState> = {
  [CircuitState.Closed]: "closed",
  [CircuitState.Open]: "open",
  [CircuitState.Isolated]: "open",
  [CircuitState.HalfOpen]: "half-open",
};

/** A call that was not answered in time. It may still take effect. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";

  constructor(deadline: number) {
    super(`No answer within ${deadline} ms.`);
  }
}

/**
 * The promise, or a {@link DeadlineError} after `deadline` milliseconds. A process that was itself stopped wakes up with
 * the deadline past and the answer unread, so the answer is given one more turn of the event loop.
 */
export async function withDeadline<T>(promise: Promise<T>, deadline: number, schedule: Schedule): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  let cancel = schedule(deadline, () => {
    cancel = schedule(0, () => reject(new DeadlineError(deadline)));
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    cancel();
  }
}
