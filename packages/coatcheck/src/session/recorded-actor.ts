import { CoatcheckError } from "./errors.ts";

/** Who acts in a session for its subject: an administrator who impersonates them. */
export interface Actor {
  /** The administrator's own subject. */
  readonly subject: string;
  /** Why, for the people who read the log. */
  readonly reason: string;
}

/** The actor as the session's record keeps it. */
export interface RecordedActor extends Actor {
  /** The administrator's own session. The impersonation is valid only while that session is. */
  readonly sessionId: string;
  /** When the administrator's own session ends, epoch milliseconds. The cookie lasts as long, so that it can be stopped. */
  readonly sessionExpiresAt: number;
  /** The token of the administrator's own session, encrypted for the holder of the impersonation's token. */
  readonly returnToken: string;
}

/** The part of a record that names its actor. */
interface Actable {
  readonly actor: RecordedActor | null;
}

/**
 * Checks that the session is no impersonation.
 *
 * @param action what is forbidden, for the message: "change the password".
 * @throws CoatcheckError `FORBIDDEN` for a session with an actor.
 */
export function forbidWhileImpersonating(record: Actable | null, action: string): void {
  if (!record?.actor) return;
  throw new CoatcheckError("FORBIDDEN", `Impersonation does not allow this: ${action}.`);
}
