import type { SessionDependencies } from "./dependencies.ts";
import { CoatcheckError } from "./errors.ts";
import type { SessionRecord } from "./record.ts";

/** The maximum number of sessions on one page of `SessionStore.list`. */
const MAX_PAGE_SIZE = 1000;

/**
 * Returns the subject's other live sessions, newest first, at most 1000, without impersonations. Throws
 * `SESSION_REQUIRED` while anonymous.
 */
export async function listOthers<Data>(
  record: SessionRecord | null,
  { store, clock }: SessionDependencies<Data>,
): Promise<readonly SessionRecord[]> {
  const { id, subject } = requireLogin(record);
  const filter = { subject, state: "active", liveAt: clock.now() } as const;
  const { records } = await store.list(filter, { limit: MAX_PAGE_SIZE });
  return records.filter((each) => each.id !== id && each.actor === null);
}

/**
 * Returns the revocation scope that selects the subject's other sessions. Throws `SESSION_REQUIRED` while anonymous.
 */
export function otherSessionsScope(record: SessionRecord | null): { subject: string; except: string } {
  const { id, subject } = requireLogin(record);
  return { subject, except: id };
}

function requireLogin(record: SessionRecord | null): { id: string; subject: string } {
  if (record === null || record.subject === null)
    throw new CoatcheckError("SESSION_REQUIRED", "Log in first.");
  return { id: record.id, subject: record.subject };
}
