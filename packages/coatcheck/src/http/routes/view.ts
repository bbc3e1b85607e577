import { needsProof } from "../../session/binding.ts";
import type { Clock } from "../../session/clock.ts";
import type { RefusalReason } from "../../session/events.ts";
import type { MaybePromise } from "../../session/maybe-promise.ts";
import type { SessionRecord } from "../../session/record.ts";
import type { Session } from "../../session/session.ts";
import type { EndReason, SessionView, TimedSessionInfo } from "../../wire.ts";
import type { CsrfTokens } from "../csrf.ts";

/** Dependencies of {@link viewOf}. */
export interface ViewDependencies<User> {
  readonly csrfTokens: CsrfTokens;
  readonly clock: Clock;
  /** Returns the user of a subject; null if the user no longer exists. The page then has no session. */
  readonly user: (subject: string) => MaybePromise<User | null>;
  readonly needsOnboarding: ((subject: string) => MaybePromise<boolean>) | undefined;
}

/**
 * Returns the fields of a session that its page may read.
 *
 * @param knownUser the session's user, if the caller has loaded it already.
 */
export async function viewOf<User, Data>(
  session: Session<Data>,
  { csrfTokens, clock, user, needsOnboarding }: ViewDependencies<User>,
  knownUser?: User,
): Promise<SessionView<User>> {
  const { record } = session;
  if (record === null) return createViewWithoutSession(endReason(session.refusal));
  const shared = {
    session: toSessionInfo(record, session.lastSeenAt ?? record.lastSeenAt, clock.now()),
    // Increases with each write of the session, including a login, so that the client can tell which of two responses
    // is newer.
    rev: record.version,
    csrf_token: csrfTokens.issue(record),
  };
  if (record.subject === null) return { status: "anonymous", user: null, ...shared };
  const present = knownUser ?? (await user(record.subject));
  if (present === null) return createViewWithoutSession(null);
  return {
    status: "authenticated",
    user: present,
    ...shared,
    ...(needsOnboarding && { needsOnboarding: await needsOnboarding(record.subject) }),
  };
}

/** Returns the view of a request without a session. */
export function createViewWithoutSession<User>(reason: EndReason | null): SessionView<User> {
  const view = { status: "none", session: null, user: null, rev: 0, csrf_token: null } as const;
  return reason === null ? view : { ...view, reason };
}

function endReason(refusal: RefusalReason | null): EndReason | null {
  switch (refusal) {
    case "expired":
      return "expired";
    case "revoked":
    case "token-reuse":
    case "client-changed":
      return "revoked";
    default:
      return null;
  }
}

function toSessionInfo(record: SessionRecord, lastSeenAt: number, now: number): TimedSessionInfo {
  return {
    id: record.id,
    type: record.type,
    subject: record.subject,
    tenant: record.tenant,
    ...(record.actor && { actor: { subject: record.actor.subject, reason: record.actor.reason } }),
    ...(needsProof(record) && { needsProof: true }),
    createdAt: new Date(record.createdAt).toISOString(),
    expiresAt: new Date(record.expiresAt).toISOString(),
    version: record.version,
    expiresInMs: record.expiresAt - now,
    idleExpiresInMs: lastSeenAt + record.idleTimeout - now,
  };
}
