import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { RevokeReason, SessionRecord } from "../session/record.ts";
import type { LogItem, PutOptions, PutOutcome, RevocationScope, Snapshot, Touch } from "../session/store.ts";
import { recordOf, rowOf, type SessionRow } from "./row.ts";

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

/** Whether a row has not been ended, by itself or with many. */
const IS_ACTIVE = `state = 'active' AND NOT EXISTS (
  SELECT 1 FROM mass_revocation d
  WHERE d.scope IN ('everyone', 'tenant:' || session.tenant) AND d.position >= session.written_at
)`;

const END = `UPDATE session SET state = 'revoked', reason = :reason, version = version + 1, ends_at = :now`;

/** A scope that rows are not told of: they find out when they are read. */
type MassScope = Extract<RevocationScope, { tenant: string } | { everyone: true }>;

/**
 * The statements of the hot paths, prepared once and run without a promise in between; Kysely's are typed, and cost
 * more than the reading itself. Everything that writes must run inside a transaction.
 */
export class SqliteStatements {
  readonly #get: StatementSync;
  readonly #exists: StatementSync;
  readonly #isCurrent: StatementSync;
  readonly #countLive: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #touch: StatementSync;
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
    this.#get = prepare(`SELECT *, ${POSITION} AS position FROM session_now WHERE id = ?`);
    this.#exists = prepare("SELECT 1 FROM session WHERE id = ?");
    this.#isCurrent = prepare(`SELECT 1 FROM session WHERE id = ? AND version = ? AND ${IS_ACTIVE}`);
    this.#countLive = prepare(
      `SELECT count(*) AS count FROM session WHERE subject = ? AND id <> ? AND ends_at > ? AND ${IS_ACTIVE}`,
    );
    this.#insert = prepare(
      `INSERT INTO session (${COLUMNS.join(", ")}, written_at)
       VALUES (${COLUMNS.map((name) => `:${name}`).join(", ")}, ${POSITION})`,
    );
    this.#update = prepare(
      `UPDATE session SET ${COLUMNS.map((name) => `${name} = :${name}`).join(", ")}, written_at = ${POSITION}
       WHERE id = :id`,
    );
    this.#touch = prepare(
      `UPDATE session SET last_seen_at = :seen, ends_at = min(expires_at, :seen + idle_timeout)
       WHERE id = :id AND last_seen_at < :seen AND ${IS_ACTIVE}`,
    );
    this.#endOne = prepare(`${END} WHERE id = :session AND ${IS_ACTIVE} RETURNING version`);
    this.#endSubject = prepare(`${END} WHERE subject = :subject AND id IS NOT :except AND ${IS_ACTIVE}`);
    this.#countMass = {
      tenant: prepare(
        `SELECT count(*) AS count FROM session WHERE state = 'active' AND tenant = ?1 AND written_at > (
           SELECT coalesce(max(position), 0) FROM mass_revocation WHERE scope IN ('everyone', 'tenant:' || ?1)
         )`,
      ),
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
    const row = this.#get.get(id) as (SessionRow & { position: number }) | undefined;
    return row ? { record: recordOf(row), position: row.position } : null;
  }

  put(record: SessionRecord, { expectedVersion, change, limit }: PutOptions, now: number): PutOutcome {
    const isExpected =
      expectedVersion === 0
        ? this.#exists.get(record.id) === undefined
        : this.#isCurrent.get(record.id, expectedVersion) !== undefined;
    if (!isExpected) return "conflict";
    if (limit && record.subject !== null) {
      if (countOf(this.#countLive, record.subject, record.id, limit.now) >= limit.most) return "over-limit";
    }
    (expectedVersion === 0 ? this.#insert : this.#update).run({ ...rowOf(record) });
    if (change === "privilege") this.#append.get(record.id, record.version, null, now);
    return "stored";
  }

  touch(touches: readonly Touch[]): void {
    for (const { id, lastSeenAt } of touches) this.#touch.run({ id, seen: lastSeenAt });
  }

  revoke(scope: RevocationScope, reason: RevokeReason, now: number): number {
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

  #countInMass(scope: MassScope): number {
    return "tenant" in scope
      ? countOf(this.#countMass.tenant, scope.tenant)
      : countOf(this.#countMass.everyone);
  }
}

function countOf(statement: StatementSync, ...parameters: SQLInputValue[]): number {
  return Number(statement.get(...parameters)?.count);
}

function nameOfMass(scope: MassScope): string {
  return "tenant" in scope ? `tenant:${scope.tenant}` : "everyone";
}

function itemOf(row: Record<string, unknown>): LogItem {
  const position = Number(row.position);
  if (typeof row.session === "string") {
    return { position, session: row.session, leastVersion: Number(row.least_version) };
  }
  return { position, scope: JSON.parse(String(row.scope)) };
}
