import { CoatcheckError } from "../session/errors.ts";
import type { RefusalReason } from "../session/events.ts";

/** What a caller is told whose token opens nothing. */
export function refusalError(refusal: RefusalReason | null): CoatcheckError {
  switch (refusal) {
    case "expired":
      return new CoatcheckError("SESSION_EXPIRED", "The session has expired; log in again.");
    case "revoked":
    case "theft":
      return new CoatcheckError("SESSION_REVOKED", "The session was ended; log in again.");
    case "superseded":
      return new CoatcheckError(
        "CONFLICT",
        "This browser was just given a newer session token; repeat the request.",
      );
    default:
      return new CoatcheckError("SESSION_REQUIRED", "Log in first.");
  }
}
