import type { ErrorCode } from "../session/errors.ts";

/**
 * The server's codes, and two of the client's own: `NETWORK` if no response arrived, `BAD_ANSWER` if the response did not
 * come from a session endpoint (a proxy's error page, a captive portal).
 */
export type SessionErrorCode = ErrorCode | "NETWORK" | "BAD_ANSWER";

/** Why a call failed. */
export class SessionError extends Error {
  declare readonly code: SessionErrorCode;
  /** The HTTP status; 0 if no response arrived. */
  declare readonly status: number;
  /** Seconds to wait before the next attempt, as the server asked; 0 if it named none. */
  declare readonly retryAfter: number;

  constructor(code: SessionErrorCode, status = 0, message: string = code, retryAfter = 0) {
    super(message);
    Object.assign(this, { code, status, retryAfter, name: "SessionError" });
  }
}
