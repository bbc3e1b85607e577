import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { RevokeReason } from "../session/record.ts";
import type { LogItem, PutOptions, PutOutcome, RevocationScope, Snapshot, Touch } from "../session/store.ts";
import { isIllFormed, recordOf, type SessionRow } from "./row.ts";

const COLUMNS = [
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

/** The position that the next log item will have: everything below it is reflected in what is read now. */
const POSITION = "(SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'log')";

/** The newest position at which many sessions were ended; 0 for none. */
const MASS = "(SELECT coalesce(max(position), 0) FROM mass_revocation WHERE scope =";

/** Whether a row has not been ended, by itself or with many. */
export const IS_ACTIVE = `state = 'active'
  AND written_at > ${MASS} 'everyone') AND written_at > ${MASS} 'tenant:' || tenant)`;

/** A time's hour since the epoch. JavaScript's numbers reach SQLite as REAL, which would not divide to a whole number. */
export function hourOf(time: string): string {
  return `CAST(${time} AS INTEGER) / 3600000`;
}

const END = `UPDATE session SET state = 'revoked', reason = :reason, version = version + 1, ends_at = :now,
  end_hour = ${hourOf(":now")}`;

/** The parameter that a record's column is bound to. */
function at(column: (typeof COLUMNS)[number]): string {
  return `?${COLUMNS.indexOf(column) + 1}`;
}

const EXPECTED = `?${COLUMNS.length + 1}`;
const SEEN = `max(last_seen_at, ${at("last_seen_at")})`;
const ENDS = `min(${at("expires_at")}, ${SEEN} + ${at("idle_timeout")})`;

/** What a change of data changes: nothing that an index holds, so that none is written. */
const CHANGE = `UPDATE session SET version = ${at("version")}, last_seen_at = ${SEEN}, expires_at = ${at("expires_at")},
  idle_timeout = ${at("idle_timeout")}, ends_at = ${ENDS}, body = ${at("body")}`;
const IS_EXPECTED = `id = ${at("id")} AND version = ${EXPECTED} AND ${IS_ACTIVE}`;
const INDEXED = ["owner", "type", "subject", "tenant", "visitor_id", "parent_id", "created_at"] as const;
const TOUCHED_END = "min(expires_at, ?2 + idle_timeout)";

/** A row, and the position that it was read at. */
type ReadRow = SessionRow & { position: number };

/** A scope that rows are not told of: they find out when they are read. */
type MassScope = Extract<RevocationScope, { tenant: string } | { everyone: true }>;

/**
 * The statements of the hot paths, prepared once and run without a promise in between; Kysely's are typed, and cost
 * more than the reading itself. Everything that writes must run inside a transaction.
 */
export class SqliteStatements {
  readonly #get: StatementSync;
  readonly #getEnded: StatementSync;
  readonly #exists: StatementSync;
  readonly #isCurrent: StatementSync;
  readonly #countLive: StatementSync;
  readonly #insert: StatementSync;
  readonly #change: StatementSync;
  readonly #replace: StatementSync;
  readonly #touch: StatementSync;
  readonly #touchIntoNextHour: StatementSync;
  readonly #endOne: StatementSync;
  readonly #endSubject: StatementSync;
  readonly #countMass: Record<"tenant" | "everyone", StatementSync>;
  readonly #endMass: StatementSync;
  readonly #append: StatementSync;
  readonly #position: StatementSync;
  readonly #changes: StatementSync;
  readonly #dataVersion: StatementSync;

  constructor(database: DatabaseSync) {
    const prepare = (sql: string) => database.prepare(sql);
    this.#get = prepare(
      `SELECT ${COLUMNS.join(", ")}, ${POSITION} AS position, ${IS_ACTIVE} AS is_active FROM session WHERE id = ?`,
    );
    this.#getEnded = prepare(`SELECT *, ${POSITION} AS position FROM session_now WHERE id = ?`);
    this.#exists = prepare("SELECT 1 FROM session WHERE id = ?");
    this.#isCurrent = prepare(`SELECT 1 FROM session WHERE id = ? AND version = ? AND ${IS_ACTIVE}`);
    this.#countLive = prepare(
      `SELECT count(*) AS count FROM session WHERE subject = ? AND id <> ? AND ends_at > ? AND ${IS_ACTIVE}`,
    );
    this.#insert = prepare(
      `INSERT INTO session (${COLUMNS.join(", ")}, end_hour, written_at)
       VALUES (${COLUMNS.map(at).join(", ")}, ${hourOf(at("ends_at"))}, ${POSITION}) ON CONFLICT (id) DO NOTHING`,
    );
    this.#change = prepare(
      `${CHANGE} WHERE ${IS_EXPECTED} AND end_hour = ${hourOf(ENDS)}
       AND ${INDEXED.map((name) => `${name} IS ${at(name)}`).join(" AND ")}`,
    );
    this.#replace = prepare(
      `${CHANGE}, ${INDEXED.map((name) => `${name} = ${at(name)}`).join(", ")}, end_hour = ${hourOf(ENDS)},
       written_at = ${POSITION} WHERE ${IS_EXPECTED}`,
    );
    const touch = `UPDATE session SET last_seen_at = ?2, ends_at = ${TOUCHED_END}`;
    this.#touch = prepare(
      `${touch} WHERE id = ?1 AND last_seen_at < ?2 AND end_hour = ${hourOf(TOUCHED_END)} AND ${IS_ACTIVE}`,
    );
    this.#touchIntoNextHour = prepare(
      `${touch}, end_hour = ${hourOf(TOUCHED_END)} WHERE id = ?1 AND last_seen_at < ?2 AND ${IS_ACTIVE}`,
    );
    this.#endOne = prepare(`${END} WHERE id = :session AND ${IS_ACTIVE} RETURNING version`);
    this.#endSubject = prepare(`${END} WHERE subject = :subject AND id IS NOT :except AND ${IS_ACTIVE}`);
    this.#countMass = {
      tenant: prepare(`SELECT count(*) AS count FROM session WHERE tenant = ? AND ${IS_ACTIVE}`),
      everyone: prepare(`SELECT count(*) AS count FROM session WHERE ${IS_ACTIVE}`),
    };
    this.#endMass = prepare(
      "INSERT INTO mass_revocation (position, scope, reason, revoked_at) VALUES (?, ?, ?, ?)",
    );
    this.#append = prepare(
      `INSERT INTO log (session, least_version, scope, logged_at) VALUES (?, ?, ?, ?) RETURNING position`,
    );
    this.#position = prepare(`SELECT ${POSITION} AS position`);
    this.#changes = prepare("SELECT * FROM log WHERE position >= ? ORDER BY position");
    this.#dataVersion = prepare("PRAGMA data_version");
  }

  get(id: string): Snapshot | null {
    const found = this.#get.get(id);
    const row = (found?.is_active === 0 ? this.#getEnded.get(id) : found) as ReadRow | undefined;
    return row ? { record: recordOf(row), position: row.position } : null;
  }

  put(row: SessionRow, { expectedVersion, change, limit }: PutOptions, now: number): PutOutcome {
    if (limit && row.subject !== null) {
      if (!this.#isExpected(row.id, expectedVersion)) return "conflict";
      if (countOf(this.#countLive, row.subject, row.id, limit.now) >= limit.most) return "over-limit";
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
    if (Object.values(scope).some(isIllFormed)) return 0;
    if ("session" in scope) {
      const ended = this.#endOne.get({ session: scope.session, reason, now });
      if (!ended) return 0;
      this.#append.get(scope.session, Number(ended.version), null, now);
      return 1;
    }
    const count =
      "subject" in scope
        ? Number(this.#endSubject.run({ ...scope, except: scope.except ?? null, reason, now }).changes)
        : this.#countInMass(scope);
    if (count === 0) return 0;
    const logged = this.#append.get(null, null, JSON.stringify(scope), now);
    if (!("subject" in scope)) {
      this.#endMass.run(Number(logged?.position), nameOfMass(scope), reason, now);
    }
    return count;
  }

  changesFrom(cursor: number | null): { items: LogItem[]; cursor: number } {
    const position = Number(this.#position.get()?.position);
    const rows = cursor === null ? [] : this.#changes.all(cursor);
    return { items: rows.map(itemOf), cursor: position };
  }

  dataVersion(): number {
    return Number(this.#dataVersion.get()?.data_version);
  }

  #isExpected(id: string, version: number): boolean {
    const found = version === 0 ? !this.#exists.get(id) : this.#isCurrent.get(id, version);
    return Boolean(found);
  }

  /** Whether the row was written, so was there, active and as expected. */
  #write(row: SessionRow, expectedVersion: number): boolean {
    const values = COLUMNS.map((name) => row[name]);
    if (expectedVersion === 0) return this.#insert.run(...values).changes === 1;
    values.push(expectedVersion);
    return this.#change.run(...values).changes === 1 || this.#replace.run(...values).changes === 1;
  }

  #countInMass(scope: MassScope): number {
    return "tenant" in scope
      ? countOf(this.#countMass.tenant, scope.tenant)
      : countOf(this.#countMass.everyone);
  }
}

function countOf(statement: StatementSync, ...parameters: SQLInputValue[]): number {
  return Number(statement.get(...parameters)?.count);
}

const TENANT = "tenant:";

function nameOfMass(scope: MassScope): string {
  return "tenant" in scope ? TENANT + scope.tenant : "everyone";
}

/** The tenant that a mass revocation ended, from its name; null when it was everyone. */
export function tenantOfMass(name: string): string | null {
  return name.startsWith(TENANT) ? name.slice(TENANT.length) : null;
}

function itemOf(row: Record<string, unknown>): LogItem {
  const position = Number(row.position);
  if (typeof row.session === "string") {
    return { position, session: row.session, leastVersion: Number(row.least_version) };
  }
  return { position, scope: JSON.parse(String(row.scope)) };
}
