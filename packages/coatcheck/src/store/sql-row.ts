import type { JsonObject } from "../session/json.ts";
import {
  endsAt,
  type RevokeReason,
  type SessionRecord,
  type SessionState,
  type SessionType,
} from "../session/record.ts";
import type { LogItem, LogPosition, RevocationScope, SessionFilter } from "../session/store.ts";

/**
 * A session as a row of the SQL stores. Fields that a query filters on, or that a statement changes, have a column of
 * their own. All other fields are in `body`, as JSON that the database never parses.
 */
export interface SessionRow {
  id: string;
  owner: string;
  type: SessionType;
  state: SessionState;
  reason: RevokeReason | null;
  version: number;
  subject: string | null;
  tenant: string | null;
  visitor_id: string | null;
  parent_id: string | null;
  created_at: number;
  last_seen_at: number;
  expires_at: number;
  idle_timeout: number;
  /**
   * The earlier of the two timeouts while the session is active; the time of revocation afterwards. `sweep` uses this
   * time to find the rows to delete.
   */
  ends_at: number;
  body: string;
}

/**
 * The filter fields that must equal a column, as pairs of field name and column name. `state` is missing because it
 * also depends on mass revocations.
 */
export const FILTER_COLUMNS = [
  ["subject", "subject"],
  ["tenant", "tenant"],
  ["visitorId", "visitor_id"],
  ["parentId", "parent_id"],
  ["owner", "owner"],
  ["type", "type"],
] as const satisfies readonly (readonly [keyof SessionFilter, keyof SessionRow])[];

/**
 * Whether a value is a string with a lone surrogate. A lone surrogate has no UTF-8 encoding: the database would store
 * U+FFFD for every lone surrogate, and two different subjects would compare equal. The column `body` is safe, because
 * JSON escapes lone surrogates.
 */
export function hasLoneSurrogate(value: unknown): boolean {
  return typeof value === "string" && !value.isWellFormed();
}

/**
 * Converts the record of an active session to a row.
 *
 * @throws TypeError when a string that is stored in a column contains a lone surrogate.
 */
export function rowOf(record: SessionRecord): SessionRow {
  const {
    id,
    owner,
    type,
    state,
    reason,
    version,
    subject,
    tenant,
    visitorId,
    parentId,
    createdAt,
    lastSeenAt,
    expiresAt,
    idleTimeout,
    ...body
  } = record;
  const row: SessionRow = {
    id,
    owner,
    type,
    state,
    reason,
    version,
    subject,
    tenant,
    visitor_id: visitorId,
    parent_id: parentId,
    created_at: createdAt,
    last_seen_at: lastSeenAt,
    expires_at: expiresAt,
    idle_timeout: idleTimeout,
    ends_at: endsAt(record),
    body: JSON.stringify(body),
  };
  if (Object.values(row).some(hasLoneSurrogate)) {
    throw new TypeError("Cannot store the session: a string field contains a lone surrogate.");
  }
  return row;
}

/**
 * The column `scope` of a log item that invalidates a key. JSON escapes lone surrogates and NUL, which no column can
 * store.
 */
export function scopeOfKey(key: string): string {
  return JSON.stringify({ key });
}

/** Decodes the column `scope` of a log item: the scope of a mass revocation, or an invalidated key. */
export function logItemOfScope(position: LogPosition, scope: string): LogItem {
  const value: Exclude<RevocationScope, { session: string }> | { key: string } = JSON.parse(scope);
  return "key" in value ? { position, key: value.key } : { position, scope: value };
}

/** The record fields that are stored in `body`. */
type Body = Omit<
  SessionRecord<JsonObject>,
  keyof SessionRow | "visitorId" | "parentId" | "createdAt" | "lastSeenAt" | "expiresAt" | "idleTimeout"
>;

/** Converts a row to a record. */
export function recordOf(row: SessionRow): SessionRecord {
  const body: Body = JSON.parse(row.body);
  return {
    ...body,
    id: row.id,
    owner: row.owner,
    type: row.type,
    state: row.state,
    reason: row.reason,
    version: row.version,
    subject: row.subject,
    tenant: row.tenant,
    visitorId: row.visitor_id,
    parentId: row.parent_id,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    expiresAt: row.expires_at,
    idleTimeout: row.idle_timeout,
    // Earlier versions of Coatcheck stored rows without these fields.
    visit: body.visit ?? null,
    conversion: body.conversion ?? null,
    actor: body.actor ?? null,
    binding: body.binding ?? null,
  };
}
