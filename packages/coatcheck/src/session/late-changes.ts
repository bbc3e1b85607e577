import type { HandleState } from "./commit.ts";
import type { SessionDependencies } from "./dependencies.ts";
import type { CoatcheckError } from "./errors.ts";
import type { PendingChanges } from "./pending-changes.ts";
import { reportMistake } from "./report-mistake.ts";
import type { SessionStart } from "./start.ts";
import {
  headersSentError,
  noSessionTokenError,
  requireCurrentToken,
  sessionUnavailableError,
} from "./token-errors.ts";

/** How long data that was assigned after the commit may stay unsaved before it is reported, in milliseconds. */
const MAX_SAVE_DELAY = 5000;

type LateChangeDependencies = Pick<SessionDependencies<unknown>, "events" | "schedule">;
type LateOperation = "late-token" | "late-data" | "revoked-data" | "outage-data";

/**
 * Reports changes after the response headers were sent, and changes of a revoked session. By then the handler has
 * returned or streams its response, so an error that it throws reaches no user, and often no log.
 */
export class LateChanges {
  readonly #deps: LateChangeDependencies;
  readonly #onFailure: ((error: unknown) => void) | undefined;
  #isWaiting = false;

  constructor(deps: LateChangeDependencies, onFailure: ((error: unknown) => void) | undefined) {
    this.#deps = deps;
    this.#onFailure = onFailure;
  }

  /** Returns, and reports, the error for a login, elevation or rotation after the response headers were sent. */
  reportTokenError(): CoatcheckError {
    const error = headersSentError();
    this.#report("late-token", error);
    return error;
  }

  /** Called at each change. Reports the changes if they are not saved within {@link MAX_SAVE_DELAY}. */
  noteChange(changes: PendingChanges): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#deps.schedule(MAX_SAVE_DELAY, () => {
      const isUnsaved = changes.snapshot() !== null;
      this.#isWaiting = false;
      if (isUnsaved) this.#report("late-data", new Error(NOT_SAVED_MESSAGE));
    });
  }

  /**
   * Reports later changes, and those that were made while the commit was writing. If the commit could not store the
   * earlier changes, also reports those.
   *
   * @param reason the result of {@link unsavedReasonOf}.
   */
  watchChanges(changes: PendingChanges, reason: UnsavedReason | null): void {
    const hasChanges = changes.snapshot() !== null;
    changes.lateListener = this;
    if (!hasChanges) this.#watchHeldValues(changes);
    else if (reason === "revoked") this.#report("revoked-data", new Error(REVOKED_MESSAGE));
    else if (reason === "unavailable") this.#report("outage-data", new Error(OUTAGE_MESSAGE));
    else this.noteChange(changes);
  }

  /**
   * Looks once for a change of an array or object that the application holds, because such a change calls no listener.
   * Does nothing in production, because a timer for each request would keep too many changes in memory.
   */
  #watchHeldValues(changes: PendingChanges): void {
    if (!changes.hasValuesHeldByApplication || process.env.NODE_ENV === "production") return;
    this.#deps.schedule(MAX_SAVE_DELAY, () => {
      if (changes.snapshot() !== null) this.noteChange(changes);
    });
  }

  #report(operation: LateOperation, error: Error): void {
    reportMistake(this.#deps.events, { operation, error, warningCode: "COATCHECK_LATE_CHANGE" });
    this.#onFailure?.(error);
  }
}

const NOT_SAVED_MESSAGE =
  "Session data was assigned after the response headers were sent, so it was not stored: call session.save() after such an assignment.";

const REVOKED_MESSAGE =
  "Session data or a flash message was set after session.revoke(), so it was not stored: call session.save() to store it in a new session, or log in again before you set it.";

const OUTAGE_MESSAGE =
  "Session data or a flash message was set while the store does not respond (outage policy `anonymous`), so it was not stored: if a change must not be lost, call session.save(), which throws STORE_UNAVAILABLE.";

type UnsavedReason = "revoked" | "unavailable";

/**
 * Returns why the commit of a handle stores nothing; null if it stores the changes. The visitor gets no error response
 * in these cases: it would not clear the cookie of a revoked session, and it would replace the page that the outage
 * policy `anonymous` keeps available.
 */
export function unsavedReasonOf(
  state: HandleState,
  { refusal }: Pick<SessionStart, "refusal">,
): UnsavedReason | null {
  if (state === "revoked") return state;
  return refusal === "unavailable" ? refusal : null;
}

type RequestStart = Pick<SessionStart, "refusal" | "cached" | "presentedToken">;

/**
 * Checks that a request may write, and that its client can receive a new token. A new token after the response headers
 * would invalidate the client's present token and never reach the client.
 *
 * @param late null until the response headers have been sent.
 * @throws CoatcheckError the same errors as {@link requireCurrentToken}. Also `CONFLICT` after the response headers,
 * and for a session that was opened without its token, because a new token would log out the client that has the
 * present token.
 */
export function requireTokenDelivery(start: RequestStart, late: LateChanges | null): void {
  requireCurrentToken(start.refusal);
  requireTokenHolder(start, late);
}

/** Like {@link requireTokenDelivery}, but also allows a request with an older token, which may log in. */
export function requireLoginDelivery(start: RequestStart, late: LateChanges | null): void {
  if (start.refusal === "unavailable") throw sessionUnavailableError();
  requireTokenHolder(start, late);
}

function requireTokenHolder({ cached, presentedToken }: RequestStart, late: LateChanges | null): void {
  if (late !== null) throw late.reportTokenError();
  if (cached !== null && presentedToken === null) throw noSessionTokenError();
}
