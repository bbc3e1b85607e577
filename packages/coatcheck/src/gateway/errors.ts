import { CoatcheckError } from "../session/errors.ts";

/** The upstream is down, or what it said cannot be used. What it said stays out of the message. */
export function upstreamUnavailable(what: string, cause?: unknown, retryAfter?: number): CoatcheckError {
  return new CoatcheckError("UPSTREAM_UNAVAILABLE", `The upstream ${what}.`, {
    ...(cause === undefined ? {} : { cause }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}

/** The upstream took longer than it may. */
export function upstreamTimeout(milliseconds: number, cause?: unknown): CoatcheckError {
  return new CoatcheckError("UPSTREAM_TIMEOUT", `The upstream did not answer within ${milliseconds} ms.`, {
    cause,
  });
}
