import type { JsonObject } from "../session/json.ts";
import {
  endsAt,
  type RevokeReason,
  type SessionRecord,
  type SessionState,
  type SessionType,
} from "../session/record.ts";
import type { SessionFilter } from "../session/store.ts";

/**
 * A session as SQL stores keep it: a column for each field that a query names or a statement changes by itself, and
 * everything else as one JSON text, which the database never opens.
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
  /** While active, the earlier of the two timeouts; once revoked, when that was. The sweep goes by it. */
  ends_at: number;
  body: string;
}

/** The fields of a filter that a column must equal. */
export const FILTERS = [
  ["subject", "subject"],
  ["tenant", "tenant"],
  ["visitorId", "visitor_id"],
  ["parentId", "parent_id"],
  ["owner", "owner"],
  ["type", "type"],
  ["state", "state"],
] as const satisfies readonly (readonly [keyof SessionFilter, keyof SessionRow])[];

/**
 * Whether no column can hold this value as it is: half a surrogate pair has no UTF-8, and every one would be stored as
 * the same U+FFFD, so that one subject passed for another. The body has them escaped.
 */
export function isIllFormed(value: unknown): boolean {
  return typeof value === "string" && !value.isWellFormed();
}

/**
 * The row of a record that is active.
 *
 * @throws TypeError when a text that a column would have to hold is no well-formed Unicode.
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
  if (Object.values(row).some(isIllFormed)) throw new TypeError("A text is no well-formed Unicode.");
  return row;
}

/** The fields that no column holds. */
type Body = Omit<
  SessionRecord<JsonObject>,
  keyof SessionRow | "visitorId" | "parentId" | "createdAt" | "lastSeenAt" | "expiresAt" | "idleTimeout"
>;

/** The record of a row. */
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
  };
}
