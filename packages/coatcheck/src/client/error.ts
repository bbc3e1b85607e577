import type { ErrorCode } from "../session/errors.ts";

/**
 * The server's error codes, and two codes of the client: `NETWORK` if no response arrived, and `BAD_ANSWER` if the
 * response did not come from a session endpoint (for example a proxy's error page or a captive portal).
 */
export type SessionErrorCode = ErrorCode | "NETWORK" | "BAD_ANSWER";

/** The error of a failed call. */
export class SessionError extends Error {
  declare readonly code: SessionErrorCode;
  /** The HTTP status; 0 if no response arrived. */
  declare readonly status: number;
  /** Seconds to wait before the next attempt, from the response's `Retry-After`. 0 if the response has none. */
  declare readonly retryAfter: number;

  constructor(code: SessionErrorCode, status = 0, message: string = code, retryAfter = 0) {
    super(message);
    this.name = "SessionError";
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}
