import { CoatcheckError, type Fault } from "../session/errors.ts";

/**
 * The error for an upstream that is down, or whose response is unusable. The message never quotes the response, which
 * may contain secrets of the upstream.
 *
 * @param what - completes the sentence "The upstream …".
 * @param retryAfter - seconds until another attempt makes sense.
 */
export function upstreamUnavailable(what: string, cause?: unknown, retryAfter?: number): CoatcheckError {
  return new CoatcheckError("UPSTREAM_UNAVAILABLE", `The upstream ${what}.`, {
    ...(cause === undefined ? {} : { cause }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}

/** The error for an upstream that exceeded the deadline of a request, in milliseconds. */
export function upstreamTimeout(milliseconds: number, cause?: unknown): CoatcheckError {
  return new CoatcheckError("UPSTREAM_TIMEOUT", `The upstream did not respond within ${milliseconds} ms.`, {
    cause,
  });
}

/**
 * The error for invalid input: its message names the first fault, and `faults` lists them all.
 *
 * @param subject - what is invalid, such as "upstream options".
 * @param faults - at least one.
 */
export function invalid(subject: string, faults: readonly Fault[]): CoatcheckError {
  const [first] = faults.map(({ path, message }) => `${path} ${message}`);
  return new CoatcheckError("VALIDATION_FAILED", `Invalid ${subject}: ${first}.`, { faults });
}
