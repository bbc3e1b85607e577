/** Every code that Coatcheck answers with, and the HTTP status it travels under. */
export const ERROR_STATUS = {
  SESSION_NOT_FOUND: 404,
  SESSION_EXPIRED: 401,
  SESSION_REVOKED: 401,
  SESSION_REQUIRED: 401,
  REAUTHENTICATION_REQUIRED: 403,
  CSRF_MISSING: 403,
  CSRF_INVALID: 403,
  FORBIDDEN: 403,
  VALIDATION_FAILED: 400,
  CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  RATE_LIMITED: 429,
  STORE_UNAVAILABLE: 503,
  UPSTREAM_UNAVAILABLE: 502,
  UPSTREAM_TIMEOUT: 504,
} as const;

/** A closed union, so that `switch (error.code)` is checked for completeness. */
export type ErrorCode = keyof typeof ERROR_STATUS;

/** One fault of an input: where (`items.0.size`, empty for the whole) and what. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** What an error may carry besides code and message. */
export interface ErrorDetails {
  readonly cause?: unknown;
  readonly faults?: readonly Fault[];
  /** Seconds until another try makes sense (RFC 9110 §10.2.3). */
  readonly retryAfter?: number;
}

/**
 * The one error class. `message` is written for the caller of an API: it names no secret, no token, no path of the
 * machine. What went wrong inside is in `cause`, for the log.
 *
 * @example
 * try { await session.authenticate("user-7"); }
 * catch (error) { if (error instanceof CoatcheckError && error.code === "CONFLICT") … }
 */
export class CoatcheckError extends Error {
  override readonly name = "CoatcheckError";
  readonly code: ErrorCode;
  readonly faults: readonly Fault[];
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.faults = details.faults ?? [];
    this.retryAfter = details.retryAfter;
  }

  /** The HTTP status of {@link code}. */
  get status(): number {
    return ERROR_STATUS[this.code];
  }
}

/** Wraps a driver's error, so that callers see one code whatever the store. */
export function storeUnavailable(cause: unknown): CoatcheckError {
  if (cause instanceof CoatcheckError) return cause;
  return new CoatcheckError("STORE_UNAVAILABLE", "The session store did not answer; try again shortly.", {
    cause,
  });
}

/** The body that every error leaves with: `{ success: false, error: { code, message, faults? } }`. */
export interface ErrorBody {
  readonly success: false;
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly faults?: readonly Fault[] };
}

/** As many faults as somebody will mend at once. */
const MOST_FAULTS = 20;
/** Characters of a fault's path. */
const LONGEST_PATH = 128;

/**
 * The seeds' envelope for an error. Faults are cut in number and length: their paths come from the caller's own input,
 * and thousands below one long name would make an answer of hundreds of megabytes out of a small request.
 */
export function errorBody(error: CoatcheckError): ErrorBody {
  const { code, message } = error;
  const faults = error.faults
    .slice(0, MOST_FAULTS)
    .map((fault) => ({ ...fault, path: fault.path.slice(0, LONGEST_PATH) }));
  return { success: false, error: faults.length > 0 ? { code, message, faults } : { code, message } };
}
