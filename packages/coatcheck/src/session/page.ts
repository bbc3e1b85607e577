import { CoatcheckError } from "./errors.ts";
import { isSessionId, type SessionRecord } from "./record.ts";
import { requirePage } from "./scope.ts";
import type { Page, PageRequest } from "./store.ts";

/**
 * The position of a session in the sort order of a list. It is followed by older sessions, and by sessions with the
 * same time and a lower id.
 */
export interface PagePosition {
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly id: string;
}

const MAX_PAGE_LIMIT = 1000;

/** Encodes a position as the opaque `cursor` of a page request. */
function encodeCursor({ createdAt, id }: Pick<SessionRecord, "createdAt" | "id">): string {
  return Buffer.from(`${createdAt}.${id}`).toString("base64url");
}

/**
 * Validates a page request and decodes its cursor.
 *
 * @throws UsageError when `page` is missing; CoatcheckError `VALIDATION_FAILED` when the limit is out of range or the
 *   cursor is malformed.
 */
export function readPageRequest(page: PageRequest): {
  limit: number;
  after: PagePosition | null;
} {
  requirePage(page);
  const { limit, cursor } = page;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_LIMIT) {
    throw invalidPageRequest("limit", `must be a whole number from 1 to ${MAX_PAGE_LIMIT}`);
  }
  return { limit, after: cursor === undefined ? null : decodeCursor(cursor) };
}

function decodeCursor(cursor: string): PagePosition {
  const text = cursor.length <= 128 ? Buffer.from(cursor, "base64url").toString() : "";
  const dot = text.indexOf(".");
  const createdAt = dot > 0 ? Number(text.slice(0, dot)) : Number.NaN;
  const id = text.slice(dot + 1);
  if (Number.isSafeInteger(createdAt) && isSessionId(id)) return { createdAt, id };
  throw invalidPageRequest("cursor", "must be the `next` value of an earlier page");
}

function invalidPageRequest(path: keyof PageRequest, message: string): CoatcheckError {
  const faults = [{ path, message }];
  return new CoatcheckError("VALIDATION_FAILED", `Invalid page request: ${path} ${message}.`, { faults });
}

/**
 * Builds a page from query results. `found` holds up to `limit + 1` records; the extra one shows that there is a next
 * page.
 */
export function pageOf(found: readonly SessionRecord[], limit: number): Page {
  const records = found.slice(0, limit);
  const last = records.at(-1);
  return { records, next: last && found.length > limit ? encodeCursor(last) : null };
}

/**
 * Compares two sessions in the order of lists, newest first: by `createdAt`, then by `id`, both descending. Negative
 * when `left` comes first.
 */
export function compareNewestFirst(left: PagePosition, right: PagePosition): number {
  return right.createdAt - left.createdAt || (left.id < right.id ? 1 : left.id > right.id ? -1 : 0);
}
