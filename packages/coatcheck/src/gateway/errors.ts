import { CoatcheckError, type Fault } from "../session/errors.ts";

/**
 * Creates the error for an upstream that is down, or whose response is unusable. The message never quotes the response,
 * which may contain secrets of the upstream.
 *
 * @param what - completes the sentence "The upstream …".
 * @param retryAfter - seconds until another attempt makes sense.
 */
export function upstreamUnavailableError(what: string, cause?: unknown, retryAfter?: number): CoatcheckError {
  return new CoatcheckError("UPSTREAM_UNAVAILABLE", `The upstream ${what}.`, {
    ...(cause === undefined ? {} : { cause }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}

/** Creates the error for an upstream that did not respond before the request's deadline. */
export function upstreamTimeoutError(milliseconds: number, cause?: unknown): CoatcheckError {
  return new CoatcheckError("UPSTREAM_TIMEOUT", `The upstream did not respond within ${milliseconds} ms.`, {
    cause,
  });
}

/**
 * Creates the error for invalid input. Its message names the first fault, and `faults` lists all of them.
 *
 * @param subject - what is invalid, such as "upstream options".
 * @param faults - at least one.
 */
export function invalidInputError(subject: string, faults: readonly Fault[]): CoatcheckError {
  const [firstFault] = faults.map(({ path, message }) => `${path} ${message}`);
  return new CoatcheckError("VALIDATION_FAILED", `Invalid ${subject}: ${firstFault}.`, { faults });
}
