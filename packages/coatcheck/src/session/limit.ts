import type { SessionDependencies } from "./dependencies.ts";
import { CoatcheckError } from "./errors.ts";
import type { SessionLimit } from "./policy.ts";
import type { SessionRecord } from "./record.ts";
import type { PutOptions } from "./store.ts";

/** The maximum number of sessions on one page of `SessionStore.list`. It is larger than the highest session limit. */
const MAX_PAGE_SIZE = 1000;

/**
 * Returns the session limit that a write must respect. Returns no limit for an anonymous session or an impersonation.
 */
export function sessionLimitOf(
  record: SessionRecord,
  limit: SessionLimit | null | undefined,
  now: number,
): Pick<PutOptions, "sessionLimit"> {
  if (!limit || record.subject === null || record.actor !== null) return {};
  return { sessionLimit: { max: limit.max, now } };
}

/**
 * Selects the sessions to revoke to make room for `record` under its subject's session limit. Other sessions may begin
 * or end at the same time, so the store checks the limit again at the next write.
 *
 * @returns the ids of the sessions to revoke. Empty if enough sessions have ended since the write.
 * @throws CoatcheckError `CONFLICT` when the policy rejects the login instead of revoking sessions.
 */
export async function selectEvictions<Data>(
  record: SessionRecord,
  { store, policy, clock }: SessionDependencies<Data>,
): Promise<string[]> {
  const { sessionLimit } = policy;
  if (!sessionLimit || sessionLimit.onExceeded === "reject" || record.subject === null) {
    throw new CoatcheckError(
      "CONFLICT",
      "The session limit of this subject is reached; end another session first.",
    );
  }
  const ageOf = (each: SessionRecord) =>
    sessionLimit.onExceeded === "evict-oldest" ? (each.authenticatedAt ?? each.createdAt) : each.lastSeenAt;
  const filter = { subject: record.subject, state: "active", liveAt: clock.now() } as const;
  const { records } = await store.list(filter, { limit: MAX_PAGE_SIZE });
  const others = records
    .filter(({ id }) => id !== record.id)
    .sort((left, right) => ageOf(left) - ageOf(right));
  return others.slice(0, Math.max(0, others.length - sessionLimit.max + 1)).map(({ id }) => id);
}
