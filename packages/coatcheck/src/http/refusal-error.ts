import { CoatcheckError } from "../session/errors.ts";
import type { RefusalReason } from "../session/events.ts";
import { superseded } from "../session/holder-errors.ts";

/** What a caller is told whose token opens nothing. */
export function refusalError(refusal: RefusalReason | null): CoatcheckError {
  switch (refusal) {
    case "expired":
      return new CoatcheckError("SESSION_EXPIRED", "The session has expired; log in again.");
    case "revoked":
    case "theft":
      return new CoatcheckError("SESSION_REVOKED", "The session was ended; log in again.");
    case "superseded":
      return superseded();
    default:
      return new CoatcheckError("SESSION_REQUIRED", "Log in first.");
  }
}
