import { CoatcheckError, errorBody, storeUnavailableError } from "../session/errors.ts";
import { UsageError } from "../session/usage-error.ts";

/** An error response in a form that every adapter can send. */
export interface ErrorResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON: `{ success: false, error: { code, message } }`. */
  readonly body: string;
}

/**
 * Headers to remove when an error replaces a response, because they describe the body or the success of the original
 * response. CORS and security headers stay, so that scripts can read the error.
 */
export const DROPPED_ON_ERROR: readonly string[] = [
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
 * Returns the response for an error. A {@link UsageError} is a bug in the application: the response is 500 and does not
 * reveal the message, which is for the developer. Any other error that is not a {@link CoatcheckError} comes from a
 * database driver: the response is `STORE_UNAVAILABLE` and does not reveal the cause.
 */
export function errorResponse(error: unknown): ErrorResponse {
  if (error instanceof UsageError) {
    const asKnown = new CoatcheckError(
      error.code,
      "The server's code has an error. The server's log has the details.",
    );
    return { ...errorResponse(asKnown), status: 500 };
  }
  const sentError = error instanceof CoatcheckError ? error : storeUnavailableError(error);
  return {
    status: sentError.status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      // Tells the client that it needs another token (RFC 6750 §3.1).
      ...(sentError.code.startsWith("JWT_") && { "www-authenticate": 'Bearer error="invalid_token"' }),
      ...(sentError.retryAfter === undefined ? {} : { "retry-after": String(sentError.retryAfter) }),
    },
    body: JSON.stringify(errorBody(sentError)),
  };
}

/** Whether an error is a {@link CoatcheckError}. Its message may be sent to clients. */
export function isCoatcheckError(error: unknown): error is CoatcheckError {
  return error instanceof CoatcheckError;
}
