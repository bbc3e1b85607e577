import type { CachedSession } from "./cached-session.ts";
import type { Clock } from "./clock.ts";
import type { SessionReader } from "./reader.ts";
import type { RecordedActor } from "./recorded-actor.ts";
import { compactId } from "./token.ts";

/**
 * Returns the `owner` of the sessions in which `subject` impersonates others. Stores find these sessions by their
 * owner.
 */
export function ownerOfActor(subject: string): string {
  return `actor:${subject}`;
}

/** The dependencies of {@link readActorSession}. */
export interface ActorSessionDependencies {
  readonly reader: Pick<SessionReader, "getCached" | "read">;
  readonly clock: Clock;
  /**
   * Returns the time of a session's queued touch (activity that is not stored yet), epoch milliseconds. 0 when none is
   * queued.
   */
  readonly touchedAt: (id: string) => number;
}

/**
 * Reads an actor's own session. The actor is the administrator who impersonates a subject. Each request of an
 * impersonation reads the actor's session, so a revocation of that session also ends the impersonation, within the
 * staleness bound.
 *
 * @returns null when the session has ended, or another subject has logged in to it.
 * @throws CoatcheckError `STORE_UNAVAILABLE`.
 */
export async function readActorSession(
  { reader, clock, touchedAt }: ActorSessionDependencies,
  actor: RecordedActor,
): Promise<CachedSession | null> {
  const isValid = (cached: CachedSession): boolean => {
    cached.mergeLastSeen(touchedAt(actor.sessionId));
    return cached.record.subject === actor.subject && isOwnSession(cached, clock.now());
  };
  const localCopy = reader.getCached(compactId(actor.sessionId));
  if (localCopy && isValid(localCopy)) return localCopy;
  // Read the store before the impersonation ends, because a cached copy may lack the activity that other nodes
  // recorded.
  const { cached } = await reader.read(actor.sessionId, { fresh: true });
  return cached && isValid(cached) ? cached : null;
}

function isOwnSession(cached: CachedSession, now: number): boolean {
  return cached.record.state === "active" && cached.record.actor === null && !cached.hasExpired(now);
}
