import { CoatcheckError } from "../session/errors.ts";
import type { RefusalReason } from "../session/events.ts";
import { superseded } from "../session/holder-errors.ts";

/** The error for a caller whose token does not open a session. `refusal` is null when the request had no valid token. */
export function refusalError(refusal: RefusalReason | null): CoatcheckError {
  switch (refusal) {
    case "expired":
      return new CoatcheckError("SESSION_EXPIRED", "The session has expired; log in again.");
    case "revoked":
    case "theft":
      return new CoatcheckError("SESSION_REVOKED", "The session was revoked; log in again.");
    case "superseded":
      return superseded();
    default:
      return new CoatcheckError("SESSION_REQUIRED", "Log in first.");
  }
}
