import { CoatcheckError } from "./errors.ts";

/** The actor of an impersonation: the administrator who acts for the session's subject. */
export interface Actor {
  /** The administrator's own subject. */
  readonly subject: string;
  /** Why the administrator impersonates the subject, for the people who read the log. */
  readonly reason: string;
}

/** The actor as it is stored in the session's record. */
export interface RecordedActor extends Actor {
  /** The id of the administrator's own session. The impersonation is valid only while that session is valid. */
  readonly sessionId: string;
  /**
   * When the administrator's own session ends, epoch milliseconds. The impersonation's cookie lasts until then, so that
   * the browser can return to that session even after the impersonation has ended.
   */
  readonly sessionExpiresAt: number;
  /**
   * The token of the administrator's own session, encrypted. Only the client with the impersonation's token can decrypt
   * it.
   */
  readonly returnToken: string;
}

/** The field of a record that contains its actor. */
interface RecordWithActor {
  readonly actor: RecordedActor | null;
}

/**
 * Checks that the session is not an impersonation.
 *
 * @param action the forbidden action that the message names, such as "change the password".
 * @throws CoatcheckError `FORBIDDEN` for a session with an actor.
 */
export function forbidWhileImpersonating(record: RecordWithActor | null, action: string): void {
  if (!record?.actor) return;
  throw new CoatcheckError("FORBIDDEN", `Not allowed while impersonating: ${action}.`);
}
