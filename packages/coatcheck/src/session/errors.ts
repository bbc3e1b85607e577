import { shareBetweenCopies } from "./shared-class.ts";

/** The HTTP status for each error code. */
export const ERROR_STATUS = {
  SESSION_NOT_FOUND: 404,
  SESSION_EXPIRED: 401,
  SESSION_REVOKED: 401,
  SESSION_REQUIRED: 401,
  JWT_INVALID: 401,
  JWT_EXPIRED: 401,
  REAUTHENTICATION_REQUIRED: 403,
  CSRF_MISSING: 403,
  CSRF_INVALID: 403,
  FORBIDDEN: 403,
  VALIDATION_FAILED: 400,
  CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  RATE_LIMITED: 429,
  STORE_UNAVAILABLE: 503,
  CONTEXT_UNAVAILABLE: 503,
  UPSTREAM_UNAVAILABLE: 502,
  UPSTREAM_TIMEOUT: 504,
  UPSTREAM_SESSION_LOST: 409,
} as const;

/** All error codes. A union type, so that the compiler checks whether a `switch (error.code)` is complete. */
export type ErrorCode = keyof typeof ERROR_STATUS;

/** Describes one invalid member of an input. */
export interface Fault {
  /** The path of the invalid member, such as `items.0.size`; empty for the whole input. */
  readonly path: string;
  /** What the value must be, such as `must be a string`. */
  readonly message: string;
}

/** Optional details of a {@link CoatcheckError}. */
export interface ErrorDetails {
  readonly cause?: unknown;
  readonly faults?: readonly Fault[];
  /** Seconds until the caller may retry (RFC 9110 §10.2.3). */
  readonly retryAfter?: number;
}

/**
 * The only error class of this library. `message` is safe to send to a client: it contains no secret, token or file
 * path. Internal details, such as a driver's error, are in `cause`, for the log.
 *
 * `status`, `statusCode` and `expose` follow the convention of the `http-errors` package, so that the error handlers of
 * Express, Koa, Fastify and NestJS respond with the right status. They are writable because these error handlers assign
 * them.
 *
 * @example
 * try { await session.authenticate("user-7"); }
 * catch (error) { if (error instanceof CoatcheckError && error.code === "CONFLICT") … }
 */
export class CoatcheckError extends Error {
  override readonly name = "CoatcheckError";
  readonly code: ErrorCode;
  /** Every fault of the input; empty unless the code is `VALIDATION_FAILED` or `PAYLOAD_TOO_LARGE`. */
  readonly faults: readonly Fault[];
  /** Seconds until the caller may retry; undefined when unknown. */
  readonly retryAfter: number | undefined;
  /** The HTTP status of {@link code}. */
  status: number;
  /** The same value as {@link status}. Fastify and NestJS read this property. */
  statusCode: number;
  /** Whether an error handler may send `message` to the client. True for a status below 500. */
  expose: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.faults = details.faults ?? [];
    this.retryAfter = details.retryAfter;
    this.status = ERROR_STATUS[code];
    this.statusCode = this.status;
    this.expose = this.status < 500;
    // Hide empty details when the error is printed.
    if (this.faults.length === 0) Object.defineProperty(this, "faults", { enumerable: false });
    if (this.retryAfter === undefined) Object.defineProperty(this, "retryAfter", { enumerable: false });
  }
}

shareBetweenCopies(CoatcheckError, "CoatcheckError");

/** Wraps a driver's error as `STORE_UNAVAILABLE`, so that callers handle one code for every store. */
export function storeUnavailableError(cause: unknown): CoatcheckError {
  if (cause instanceof CoatcheckError) return cause;
  return new CoatcheckError("STORE_UNAVAILABLE", "The session store did not respond; try again shortly.", {
    cause,
  });
}

/** The body of every error response: `{ success: false, error: { code, message, faults? } }`. */
export interface ErrorBody {
  readonly success: false;
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly faults?: readonly Fault[] };
}

/** The most faults in one response body. */
const MAX_FAULTS = 20;
/** The longest path of a fault in a response body or an error message, in characters. */
const MAX_PATH_LENGTH = 128;
/** The longest message of a fault inside an error message, in characters. */
const MAX_FAULT_LENGTH = 256;

/**
 * Builds the body of an error response. Limits the number of faults and the length of their paths: a path repeats names
 * from the client's input, so a small request with one long name could cause a response of hundreds of megabytes.
 */
export function errorBody(error: CoatcheckError): ErrorBody {
  const { code, message } = error;
  const faults = error.faults
    .slice(0, MAX_FAULTS)
    .map((fault) => ({ ...fault, path: fault.path.slice(0, MAX_PATH_LENGTH) }));
  return { success: false, error: faults.length > 0 ? { code, message, faults } : { code, message } };
}

/**
 * Builds a `VALIDATION_FAILED` error whose message names the first fault:
 * `Invalid session policy: rotateEvery must be …`.
 *
 * @param input what was checked, such as "session policy".
 * @param faults at least one.
 */
export function invalidInputError(input: string, faults: readonly Fault[]): CoatcheckError {
  const [first] = faults;
  const path = first?.path.slice(0, MAX_PATH_LENGTH);
  const message = first?.message.slice(0, MAX_FAULT_LENGTH).replace(/\.$/, "");
  return new CoatcheckError("VALIDATION_FAILED", `Invalid ${input}: ${path} ${message}.`, { faults });
}
