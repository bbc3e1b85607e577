import type { EndReason, SessionOnTheWire, SessionView } from "../../client/wire.ts";
import type { Clock } from "../../session/clock.ts";
import type { RefusalReason } from "../../session/events.ts";
import type { SessionRecord } from "../../session/record.ts";
import type { MaybePromise, Session } from "../../session/session.ts";
import type { CsrfTokens } from "../csrf.ts";

/** What a view is made with. */
export interface ViewParts<User> {
  readonly csrfTokens: CsrfTokens;
  readonly clock: Clock;
  readonly user: (subject: string) => MaybePromise<User>;
  readonly needsOnboarding: ((subject: string) => MaybePromise<boolean>) | undefined;
}

/** What a page may know of its session. `known` is its user, where they are at hand. */
export async function viewOf<User, Data>(
  session: Session<Data>,
  { csrfTokens, clock, user, needsOnboarding }: ViewParts<User>,
  known?: User,
): Promise<SessionView<User>> {
  const { record } = session;
  if (record === null) return nobody(endReason(session.refusal));
  const seen = {
    session: travelling(record, session.lastSeenAt ?? record.lastSeenAt, clock.now()),
    // One more with each write, a login's included, and never less for one id: which answer is the newer, is decided.
    rev: record.version,
    csrf_token: csrfTokens.issue(record),
  };
  if (record.subject === null) return { status: "anonymous", user: null, ...seen };
  return {
    status: "authenticated",
    user: known ?? (await user(record.subject)),
    ...seen,
    ...(needsOnboarding && { needsOnboarding: await needsOnboarding(record.subject) }),
  };
}

/** The view of no session. */
export function nobody<User>(reason: EndReason | null): SessionView<User> {
  const view = { status: "none", session: null, user: null, rev: 0, csrf_token: null } as const;
  return reason === null ? view : { ...view, reason };
}

function endReason(refusal: RefusalReason | null): EndReason | null {
  switch (refusal) {
    case "expired":
      return "expired";
    case "revoked":
    case "theft":
      return "revoked";
    default:
      return null;
  }
}

function travelling(record: SessionRecord, lastSeenAt: number, now: number): SessionOnTheWire {
  return {
    id: record.id,
    type: record.type,
    subject: record.subject,
    tenant: record.tenant,
    createdAt: new Date(record.createdAt).toISOString(),
    expiresAt: new Date(record.expiresAt).toISOString(),
    version: record.version,
    expiresInMs: record.expiresAt - now,
    idleExpiresInMs: lastSeenAt + record.idleTimeout - now,
  };
}
