import { CoatcheckError } from "../session/errors.ts";
import { isSessionId, type SessionRecord } from "../session/record.ts";
import type { Page, PageRequest } from "../session/store.ts";

/** The place that a page ends at: the next one holds what is older, or as old with a lower id. */
export interface Place {
  readonly createdAt: number;
  readonly id: string;
}

const MOST = 1000;

/** The opaque text of a place. */
function encodeCursor({ createdAt, id }: Pick<SessionRecord, "createdAt" | "id">): string {
  return Buffer.from(`${createdAt}.${id}`).toString("base64url");
}

/**
 * Checks a page request and reads its cursor.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` for a limit out of range or a cursor that no page ended with.
 */
export function readPageRequest({ limit, cursor }: PageRequest): { limit: number; after: Place | null } {
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST) {
    const faults = [{ path: "limit", message: `must be a whole number from 1 to ${MOST}` }];
    throw new CoatcheckError("VALIDATION_FAILED", "The page's limit will not do.", { faults });
  }
  return { limit, after: cursor === undefined ? null : decodeCursor(cursor) };
}

function decodeCursor(cursor: string): Place {
  const text = cursor.length <= 128 ? Buffer.from(cursor, "base64url").toString() : "";
  const dot = text.indexOf(".");
  const createdAt = dot > 0 ? Number(text.slice(0, dot)) : Number.NaN;
  const id = text.slice(dot + 1);
  if (Number.isSafeInteger(createdAt) && isSessionId(id)) return { createdAt, id };
  const faults = [{ path: "cursor", message: "is none that a page ended with" }];
  throw new CoatcheckError("VALIDATION_FAILED", "The page's cursor will not do.", { faults });
}

/** The page of up to `limit` records, out of one record more where there is one. */
export function pageOf(found: readonly SessionRecord[], limit: number): Page {
  const records = found.slice(0, limit);
  const last = records.at(-1);
  return { records, next: last && found.length > limit ? encodeCursor(last) : null };
}

/** Newest first: by `createdAt`, then `id`, both descending. Negative when `left` comes first. */
export function compareNewestFirst(left: Place, right: Place): number {
  return right.createdAt - left.createdAt || (left.id < right.id ? 1 : left.id > right.id ? -1 : 0);
}
