import { CoatcheckError, errorBody, storeUnavailable } from "../session/errors.ts";

/** An error as it leaves: the one envelope, whatever the framework. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON: `{ success: false, error: { code, message } }`. */
  readonly body: string;
}

/** What describes a body or a success that is not sent after all. CORS and security headers stay. */
export const OF_THE_REPLACED: readonly string[] = [
  "accept-ranges",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-length",
  "content-range",
  "content-type",
  "etag",
  "expires",
  "last-modified",
  "location",
  "refresh",
  "set-cookie",
  "trailer",
  "transfer-encoding",
];

/**
 * The answer to an error. What is no {@link CoatcheckError} could only come from underneath and answers as
 * `STORE_UNAVAILABLE`, without a word of what went wrong inside.
 */
export function errorAnswer(error: unknown): ErrorAnswer {
  const known = error instanceof CoatcheckError ? error : storeUnavailable(error);
  return {
    status: known.status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      ...(known.retryAfter === undefined ? {} : { "retry-after": String(known.retryAfter) }),
    },
    body: JSON.stringify(errorBody(known)),
  };
}

/** Whether an error is one of this library's, which all may be shown to a client. */
export function isOurs(error: unknown): error is CoatcheckError {
  return error instanceof CoatcheckError;
}
