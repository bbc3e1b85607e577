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
import { upstreamTimeoutError, upstreamUnavailableError } from "./errors.ts";
import type { WireResponse } from "./messages.ts";
import type { ResolvedUpstreamOptions } from "./options.ts";

/** Error codes of undici and of the operating system that mean a timeout. */
const TIMEOUT_CODES = new Set([
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "ETIMEDOUT",
]);
/**
 * Statuses that say that the server, or a gateway in front of it, is temporarily unavailable (RFC 9110 §15.6). A 500 is
 * not one of them, because the request itself may cause it.
 */
const UNAVAILABLE_STATUSES = new Set([502, 503, 504]);

/**
 * Retry and circuit breaker of one upstream. It retries safe requests while the upstream is unavailable. After several
 * failures in a row, requests fail immediately for a while, so that callers do not wait for their deadlines during an
 * outage.
 */
export class UpstreamRetry {
  readonly #runOnce: CircuitBreakerPolicy;
  readonly #runWithRetries: IPolicy;
  readonly #options: ResolvedUpstreamOptions;

  constructor(options: ResolvedUpstreamOptions) {
    const { failures, halfOpenAfter } = options.breaker;
    const failed = handleWhen(
      (error) => !(error instanceof CoatcheckError) && !(error instanceof BrokenCircuitError),
    ).orWhenResult((result) => UNAVAILABLE_STATUSES.has((result as WireResponse).status));
    this.#options = options;
    this.#runOnce = circuitBreaker(failed, { halfOpenAfter, breaker: new ConsecutiveBreaker(failures) });
    this.#runWithRetries =
      options.retries === 0
        ? this.#runOnce
        : wrap(
            retry(failed, {
              maxAttempts: options.retries,
              backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 1000 }),
            }),
            this.#runOnce,
          );
  }

  /**
   * Sends one request and follows its redirects.
   *
   * @param safe - whether the request method is safe (RFC 9110 §9.2.1), so that it may be retried.
   * @throws CoatcheckError `UPSTREAM_UNAVAILABLE` or `UPSTREAM_TIMEOUT`.
   */
  async run(
    safe: boolean,
    signal: AbortSignal,
    exchange: () => Promise<WireResponse>,
  ): Promise<WireResponse> {
    try {
      return await (safe ? this.#runWithRetries : this.#runOnce).execute(exchange, signal);
    } catch (error) {
      throw this.#toCoatcheckError(error, signal);
    }
  }

  #toCoatcheckError(error: unknown, signal: AbortSignal): CoatcheckError {
    if (error instanceof CoatcheckError) return error;
    if (error instanceof BrokenCircuitError) {
      const seconds = Math.ceil(this.#options.breaker.halfOpenAfter / 1000);
      return upstreamUnavailableError(
        `keeps failing; the next attempt is allowed in ${seconds} s`,
        error,
        seconds,
      );
    }
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (signal.aborted || TIMEOUT_CODES.has(code)) return upstreamTimeoutError(this.#options.timeout, error);
    return upstreamUnavailableError(
      "cannot be reached, or closed the connection before its response was complete",
      error,
    );
  }
}
