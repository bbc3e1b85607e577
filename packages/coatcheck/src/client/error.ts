import type { ErrorCode } from "../session/errors.ts";

/** The server's codes, and the two that only a browser can see: no answer at all, and an answer that is none of ours. */
export type SessionErrorCode = ErrorCode | "NETWORK" | "BAD_ANSWER";

/** Why a call failed. `status` is 0 where no answer came; `retryAfter` is in seconds. */
export class SessionError extends Error {
  declare readonly code: SessionErrorCode;
  declare readonly status: number;
  declare readonly retryAfter: number;

  constructor(code: SessionErrorCode, status = 0, message: string = code, retryAfter = 0) {
    super(message);
    Object.assign(this, { name: "SessionError", code, status, retryAfter });
  }
}
