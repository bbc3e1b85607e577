import type { SessionDependencies } from "./dependencies.ts";
import type { CoatcheckError } from "./errors.ts";
import type { PendingChanges } from "./pending-changes.ts";
import type { SessionStart } from "./start.ts";
import {
  headersAlreadySent,
  openedWithoutToken,
  requireCurrentToken,
  sessionUnavailable,
} from "./token-errors.ts";

/** How long data that was assigned after the commit may wait for `save()` before it is reported, in milliseconds. */
const MAX_SAVE_DELAY = 5000;

type Dependencies = Pick<SessionDependencies<unknown>, "events" | "schedule">;
type Operation = "late-token" | "late-data";

/** The operations that this process has warned of. */
const warnedOperations = new Set<Operation>();

/**
 * Reports changes that came after the response headers: their handler has returned or streams, so its error reaches no user
 * and often no log.
 */
export class LateChanges {
  readonly #deps: Dependencies;
  readonly #onFailure: ((error: unknown) => void) | undefined;
  #isWaiting = false;

  constructor(deps: Dependencies, onFailure: ((error: unknown) => void) | undefined) {
    this.#deps = deps;
    this.#onFailure = onFailure;
  }

  /** Returns the error for an operation whose new token no header can carry. Reports it too. */
  tokenError(): CoatcheckError {
    const error = headersAlreadySent();
    this.#report("late-token", error);
    return error;
  }

  /** Reports changes that are still not saved after a while. Called at each change. */
  changed(changes: PendingChanges): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#deps.schedule(MAX_SAVE_DELAY, () => {
      this.#isWaiting = false;
      if (changes.snapshot() !== null) this.#report("late-data", new Error(NOT_SAVED_MESSAGE));
    });
  }

  #report(operation: Operation, error: Error): void {
    this.#deps.events.publish("failed", { operation, error });
    this.#onFailure?.(error);
    if (process.env.NODE_ENV === "production" || warnedOperations.has(operation)) return;
    warnedOperations.add(operation);
    process.emitWarning(error.message, { code: "COATCHECK_LATE_CHANGE" });
  }
}

const NOT_SAVED_MESSAGE =
  "Session data was assigned after the response headers were sent, and not stored: call session.save() after such an assignment.";

type Delivery = Pick<SessionStart, "refusal" | "cached" | "presentedToken">;

/**
 * Checks that a request may write, and that its client would receive a new token. Issuing one after the headers were sent
 * would end the client's present token and leave it with none.
 *
 * @param late set once the headers have been sent.
 * @throws CoatcheckError as {@link requireCurrentToken}, and `CONFLICT` when the headers have been sent, and for a session
 *   that was opened without its token: the client that holds the token would lose it.
 */
export function requireTokenDelivery(start: Delivery, late: LateChanges | null): void {
  requireCurrentToken(start.refusal);
  requireTokenHolder(start, late);
}

/** Like {@link requireTokenDelivery}, for a login, which an older token may request as well. */
export function requireLoginDelivery(start: Delivery, late: LateChanges | null): void {
  if (start.refusal === "unavailable") throw sessionUnavailable();
  requireTokenHolder(start, late);
}

function requireTokenHolder({ cached, presentedToken }: Delivery, late: LateChanges | null): void {
  if (late !== null) throw late.tokenError();
  if (cached !== null && presentedToken === null) throw openedWithoutToken();
}
