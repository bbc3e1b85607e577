import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  type IPolicy,
  retry,
  wrap,
} from "cockatiel";
import { CoatcheckError } from "../session/errors.ts";
import { upstreamTimeout, upstreamUnavailable } from "./errors.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Incoming } from "./transport.ts";

/** Codes of undici and of the system that mean "it took too long". */
const TIMEOUTS = new Set([
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "ETIMEDOUT",
]);
/** RFC 9110 §15.6: the server, or one before it, is not there right now; the request itself is not to blame. */
const ABSENT = new Set([502, 503, 504]);

/**
 * Stands before one upstream: repeats safe requests that found it absent, and stops asking for a while when it has been
 * absent several times in a row, so that an outage costs its callers milliseconds instead of deadlines.
 */
export class Guard {
  readonly #once: CircuitBreakerPolicy;
  readonly #repeatedly: IPolicy;
  readonly #options: ResolvedOptions;

  constructor(options: ResolvedOptions) {
    const { failures, halfOpenAfter } = options.breaker;
    const absent = handleWhen(
      (error) => !(error instanceof CoatcheckError) && !(error instanceof BrokenCircuitError),
    );
    const answers = absent.orWhenResult((result) => ABSENT.has((result as Incoming).status));
    this.#options = options;
    this.#once = circuitBreaker(answers, { halfOpenAfter, breaker: new ConsecutiveBreaker(failures) });
    this.#repeatedly =
      options.retries === 0
        ? this.#once
        : wrap(
            retry(answers, {
              maxAttempts: options.retries,
              backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 1000 }),
            }),
            this.#once,
          );
  }

  /**
   * Runs one exchange. `safe` (RFC 9110 §9.2.1) says that it may be repeated.
   *
   * @throws CoatcheckError `UPSTREAM_UNAVAILABLE` or `UPSTREAM_TIMEOUT`.
   */
  async run(safe: boolean, signal: AbortSignal, exchange: () => Promise<Incoming>): Promise<Incoming> {
    try {
      return await (safe ? this.#repeatedly : this.#once).execute(exchange, signal);
    } catch (error) {
      throw this.#explained(error, signal);
    }
  }

  #explained(error: unknown, signal: AbortSignal): CoatcheckError {
    if (error instanceof CoatcheckError) return error;
    if (error instanceof BrokenCircuitError) {
      const seconds = Math.ceil(this.#options.breaker.halfOpenAfter / 1000);
      return upstreamUnavailable("has not been answering and is left alone for a moment", error, seconds);
    }
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (signal.aborted || TIMEOUTS.has(code)) return upstreamTimeout(this.#options.timeout, error);
    return upstreamUnavailable("cannot be reached, or broke off while answering", error);
  }
}
