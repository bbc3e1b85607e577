import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { RevokeReason } from "../../session/record.ts";
import type {
  LogItem,
  PutOptions,
  PutOutcome,
  RevocationScope,
  Snapshot,
  Touch,
} from "../../session/store.ts";
import { hasLoneSurrogate, logItemOfScope, recordOf, type SessionRow, scopeOfKey } from "../sql-row.ts";

/** The columns of a record. */
export const COLUMNS = [
  "id",
  "owner",
  "type",
  "state",
  "reason",
  "version",
  "subject",
  "tenant",
  "visitor_id",
  "parent_id",
  "created_at",
  "last_seen_at",
  "expires_at",
  "idle_timeout",
  "ends_at",
  "body",
] as const satisfies readonly (keyof SessionRow)[];

/** SQL for the position of the next log item. A row that is read now reflects every item below that position. */
const NEXT_POSITION = "(SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'log')";

/** SQL for the position of the newest mass revocation of a scope; 0 if there is none. */
export function newestMassRevocation(scope: string): string {
  return `(SELECT coalesce(max(position), 0) FROM mass_revocation WHERE scope = ${scope})`;
}

/** SQL condition: neither a revocation of the session itself nor a mass revocation has ended the row. */
export const IS_ACTIVE = `state = 'active'
  AND written_at > ${newestMassRevocation("'everyone'")}
  AND written_at > ${newestMassRevocation("'tenant:' || tenant")}`;

/**
 * SQL for the hour of a time, counted since the epoch. The cast is needed because `node:sqlite` binds JavaScript
 * numbers as REAL, and a REAL would not divide to a whole number.
 */
export function hourOf(time: string): string {
  return `CAST(${time} AS INTEGER) / 3600000`;
}

const MARK_REVOKED = `UPDATE session SET state = 'revoked', reason = :reason, version = version + 1, ends_at = :now,
  end_hour = ${hourOf(":now")}`;

/** The SQL parameter that a column of the row is bound to. */
function parameterOf(column: (typeof COLUMNS)[number]): string {
  return `?${COLUMNS.indexOf(column) + 1}`;
}

const EXPECTED_VERSION = `?${COLUMNS.length + 1}`;
const LAST_SEEN_AT = `max(last_seen_at, ${parameterOf("last_seen_at")})`;
const ENDS_AT = `min(${parameterOf("expires_at")}, ${LAST_SEEN_AT} + ${parameterOf("idle_timeout")})`;

/** The start of an update that changes only session data. It sets no indexed column, so SQLite writes no index. */
const UPDATE_DATA = `UPDATE session SET version = ${parameterOf("version")}, last_seen_at = ${LAST_SEEN_AT},
  expires_at = ${parameterOf("expires_at")}, idle_timeout = ${parameterOf("idle_timeout")}, ends_at = ${ENDS_AT}, body = ${parameterOf("body")}`;
const IS_EXPECTED_ROW = `id = ${parameterOf("id")} AND version = ${EXPECTED_VERSION} AND ${IS_ACTIVE}`;
const INDEXED_COLUMNS = [
  "owner",
  "type",
  "subject",
  "tenant",
  "visitor_id",
  "parent_id",
  "created_at",
] as const;
const TOUCHED_ENDS_AT = "min(expires_at, ?2 + idle_timeout)";

/** A row with the log position at which it was read. */
type RowWithPosition = SessionRow & { position: number };

/** The scope of a mass revocation, which updates no session rows. The view `session_now` applies it at each read. */
type MassScope = Extract<RevocationScope, { tenant: string } | { everyone: true }>;

/**
 * The prepared statements of `get`, `put`, `touch`, `revoke`, `invalidate` and `changes`. They are synchronous and raw
 * SQL: on these paths, a query builder would cost more than the query. Methods that write must run inside a
 * transaction.
 */
export class SqliteStatements {
  readonly #get: StatementSync;
  readonly #getMassRevoked: StatementSync;
  readonly #exists: StatementSync;
  readonly #isActiveVersion: StatementSync;
  readonly #countLive: StatementSync;
  readonly #insert: StatementSync;
  readonly #updateData: StatementSync;
  readonly #updateAll: StatementSync;
  readonly #touch: StatementSync;
  readonly #touchIntoNextHour: StatementSync;
  readonly #revokeSession: StatementSync;
  readonly #revokeSubject: StatementSync;
  readonly #countActive: Record<"tenant" | "everyone", StatementSync>;
  readonly #insertMassRevocation: StatementSync;
  readonly #append: StatementSync;
  readonly #position: StatementSync;
  readonly #changes: StatementSync;
  readonly #dataVersion: StatementSync;

  constructor(database: DatabaseSync) {
    const prepare = (sql: string) => database.prepare(sql);
    this.#get = prepare(
      `SELECT ${COLUMNS.join(", ")}, ${NEXT_POSITION} AS position, ${IS_ACTIVE} AS is_active FROM session WHERE id = ?`,
    );
    this.#getMassRevoked = prepare(`SELECT *, ${NEXT_POSITION} AS position FROM session_now WHERE id = ?`);
    this.#exists = prepare("SELECT 1 FROM session WHERE id = ?");
    this.#isActiveVersion = prepare(`SELECT 1 FROM session WHERE id = ? AND version = ? AND ${IS_ACTIVE}`);
    this.#countLive = prepare(
      `SELECT count(*) AS count FROM session WHERE subject = ? AND id <> ? AND ends_at > ? AND ${IS_ACTIVE}`,
    );
    this.#insert = prepare(
      `INSERT INTO session (${COLUMNS.join(", ")}, end_hour, written_at)
       VALUES (${COLUMNS.map(parameterOf).join(", ")}, ${hourOf(parameterOf("ends_at"))}, ${NEXT_POSITION}) ON CONFLICT (id) DO NOTHING`,
    );
    this.#updateData = prepare(
      `${UPDATE_DATA} WHERE ${IS_EXPECTED_ROW} AND end_hour = ${hourOf(ENDS_AT)}
       AND ${INDEXED_COLUMNS.map((name) => `${name} IS ${parameterOf(name)}`).join(" AND ")}`,
    );
    this.#updateAll = prepare(
      `${UPDATE_DATA}, ${INDEXED_COLUMNS.map((name) => `${name} = ${parameterOf(name)}`).join(", ")}, end_hour = ${hourOf(ENDS_AT)},
       written_at = ${NEXT_POSITION} WHERE ${IS_EXPECTED_ROW}`,
    );
    const touch = `UPDATE session SET last_seen_at = ?2, ends_at = ${TOUCHED_ENDS_AT}`;
    this.#touch = prepare(
      `${touch} WHERE id = ?1 AND last_seen_at < ?2 AND end_hour = ${hourOf(TOUCHED_ENDS_AT)} AND ${IS_ACTIVE}`,
    );
    this.#touchIntoNextHour = prepare(
      `${touch}, end_hour = ${hourOf(TOUCHED_ENDS_AT)} WHERE id = ?1 AND last_seen_at < ?2 AND ${IS_ACTIVE}`,
    );
    this.#revokeSession = prepare(`${MARK_REVOKED} WHERE id = :session AND ${IS_ACTIVE} RETURNING version`);
    this.#revokeSubject = prepare(
      `${MARK_REVOKED} WHERE subject = :subject AND id IS NOT :except AND ${IS_ACTIVE}`,
    );
    this.#countActive = {
      tenant: prepare(`SELECT count(*) AS count FROM session WHERE tenant = ? AND ${IS_ACTIVE}`),
      everyone: prepare(`SELECT count(*) AS count FROM session WHERE ${IS_ACTIVE}`),
    };
    this.#insertMassRevocation = prepare(
      "INSERT INTO mass_revocation (position, scope, reason, revoked_at) VALUES (?, ?, ?, ?)",
    );
    this.#append = prepare(
      `INSERT INTO log (session, min_version, scope, logged_at) VALUES (?, ?, ?, ?) RETURNING position`,
    );
    this.#position = prepare(`SELECT ${NEXT_POSITION} AS position`);
    this.#changes = prepare("SELECT * FROM log WHERE position >= ? ORDER BY position");
    this.#dataVersion = prepare("PRAGMA data_version");
  }

  get(id: string): Snapshot | null {
    const found = this.#get.get(id);
    const row = (found?.is_active === 0 ? this.#getMassRevoked.get(id) : found) as
      | RowWithPosition
      | undefined;
    return row ? { record: recordOf(row), position: row.position } : null;
  }

  put(row: SessionRow, { expectedVersion, change, sessionLimit }: PutOptions, now: number): PutOutcome {
    if (sessionLimit && row.subject !== null) {
      if (!this.#hasExpectedVersion(row.id, expectedVersion)) return "conflict";
      if (countOf(this.#countLive, row.subject, row.id, sessionLimit.now) >= sessionLimit.max)
        return "over-limit";
    }
    if (!this.#write(row, expectedVersion)) return "conflict";
    if (change === "privilege") this.#append.get(row.id, row.version, null, now);
    return "stored";
  }

  touch(touches: readonly Touch[]): void {
    for (const { id, lastSeenAt } of touches) {
      if (this.#touch.run(id, lastSeenAt).changes === 0) this.#touchIntoNextHour.run(id, lastSeenAt);
    }
  }

  revoke(scope: RevocationScope, reason: RevokeReason, now: number): number {
    if (Object.values(scope).some(hasLoneSurrogate)) return 0;
    if ("session" in scope) {
      const revoked = this.#revokeSession.get({ session: scope.session, reason, now });
      if (!revoked) return 0;
      this.#append.get(scope.session, Number(revoked.version), null, now);
      return 1;
    }
    const count =
      "subject" in scope
        ? Number(this.#revokeSubject.run({ ...scope, except: scope.except ?? null, reason, now }).changes)
        : this.#countInScope(scope);
    if (count === 0) return 0;
    const logged = this.#append.get(null, null, JSON.stringify(scope), now);
    if (!("subject" in scope)) {
      this.#insertMassRevocation.run(Number(logged?.position), nameOfScope(scope), reason, now);
    }
    return count;
  }

  invalidate(key: string, now: number): number {
    return Number(this.#append.get(null, null, scopeOfKey(key), now)?.position);
  }

  changesFrom(cursor: number | null): { items: LogItem[]; cursor: number } {
    const position = Number(this.#position.get()?.position);
    const rows = cursor === null ? [] : this.#changes.all(cursor);
    return { items: rows.map(logItemOf), cursor: position };
  }

  dataVersion(): number {
    return Number(this.#dataVersion.get()?.data_version);
  }

  #hasExpectedVersion(id: string, version: number): boolean {
    const found = version === 0 ? !this.#exists.get(id) : this.#isActiveVersion.get(id, version);
    return Boolean(found);
  }

  /** Writes the row if the stored row is active and has the expected version. Returns whether it wrote the row. */
  #write(row: SessionRow, expectedVersion: number): boolean {
    const values = COLUMNS.map((name) => row[name]);
    if (expectedVersion === 0) return this.#insert.run(...values).changes === 1;
    values.push(expectedVersion);
    return this.#updateData.run(...values).changes === 1 || this.#updateAll.run(...values).changes === 1;
  }

  #countInScope(scope: MassScope): number {
    return "tenant" in scope
      ? countOf(this.#countActive.tenant, scope.tenant)
      : countOf(this.#countActive.everyone);
  }
}

function countOf(statement: StatementSync, ...parameters: SQLInputValue[]): number {
  return Number(statement.get(...parameters)?.count);
}

const TENANT_PREFIX = "tenant:";

function nameOfScope(scope: MassScope): string {
  return "tenant" in scope ? TENANT_PREFIX + scope.tenant : "everyone";
}

/** Returns the tenant in the stored name of a mass revocation's scope. Null if the scope is everyone. */
export function tenantOfScope(name: string): string | null {
  return name.startsWith(TENANT_PREFIX) ? name.slice(TENANT_PREFIX.length) : null;
}

function logItemOf(row: Record<string, unknown>): LogItem {
  const position = Number(row.position);
  if (typeof row.session === "string") {
    return { position, session: row.session, minVersion: Number(row.min_version) };
  }
  return logItemOfScope(position, String(row.scope));
}
