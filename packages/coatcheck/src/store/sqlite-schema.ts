import type { DatabaseSync } from "node:sqlite";
import type { Generated } from "kysely";
import { CoatcheckError } from "../session/errors.ts";
import type { SessionRow } from "./row.ts";

/** The tables, as Kysely sees them. */
export interface Tables {
  /** Sessions as written; a tenant's revocation does not touch its rows. */
  session: SessionRow & { end_hour: number; written_at: number };
  /** Sessions as they are: the mass revocations applied. */
  session_now: SessionRow & { written_at: number };
  log: {
    position: Generated<number>;
    session: string | null;
    least_version: number | null;
    scope: string | null;
    logged_at: number;
  };
}

/**
 * One step each, in order; a released one is never edited. The step's number is the database's `user_version`.
 *
 * `log.position` never falls back, even when the log is swept empty (AUTOINCREMENT). `session.written_at` is the
 * position that the next item would have had when the row joined its tenant, so a mass revocation at that position or
 * above has ended it. That makes ending a tenant's ten million sessions one small row.
 *
 * Most writes are touches and changes of data, so they must find nothing in an index to move: of `ends_at`, only the
 * hour is indexed. `session_by_end` has what `stats` counts, which so reads no body. Rows have a rowid because a body
 * of 1 KB in the primary key's own tree costs two to three times the reading.
 */
const MIGRATIONS = [
  /* sql */ `
  CREATE TABLE session (
    id TEXT PRIMARY KEY NOT NULL,
    owner TEXT NOT NULL,
    type TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    version INTEGER NOT NULL,
    subject TEXT,
    tenant TEXT,
    visitor_id TEXT,
    parent_id TEXT,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    idle_timeout INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    end_hour INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;

  CREATE INDEX session_by_age ON session (created_at, id);
  CREATE INDEX session_by_subject ON session (subject, created_at, id) WHERE subject IS NOT NULL;
  CREATE INDEX session_by_tenant ON session (tenant, created_at, id) WHERE tenant IS NOT NULL;
  CREATE INDEX session_by_visitor ON session (visitor_id, created_at, id) WHERE visitor_id IS NOT NULL;
  CREATE INDEX session_by_parent ON session (parent_id, created_at, id) WHERE parent_id IS NOT NULL;
  CREATE INDEX session_by_owner ON session (owner, created_at, id);
  CREATE INDEX session_by_end ON session (end_hour, state, type, created_at, tenant, written_at);
  CREATE INDEX active_session_by_tenant ON session (tenant, written_at) WHERE state = 'active' AND tenant IS NOT NULL;

  CREATE TABLE log (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    session TEXT,
    least_version INTEGER,
    scope TEXT,
    logged_at INTEGER NOT NULL
  ) STRICT;

  -- scope: 'everyone', or 'tenant:' and the tenant.
  CREATE TABLE mass_revocation (
    position INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    reason TEXT NOT NULL,
    revoked_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX mass_revocation_by_scope ON mass_revocation (scope, position);

  CREATE VIEW session_now AS
  SELECT
    s.id, s.owner, s.type,
    iif(m.position IS NULL, s.state, 'revoked') AS state,
    iif(m.position IS NULL, s.reason, m.reason) AS reason,
    s.version + (m.position IS NOT NULL) AS version,
    s.subject, s.tenant, s.visitor_id, s.parent_id, s.created_at, s.last_seen_at, s.expires_at, s.idle_timeout,
    iif(m.position IS NULL, s.ends_at, m.revoked_at) AS ends_at,
    s.written_at, s.body
  FROM session s LEFT JOIN mass_revocation m ON s.state = 'active' AND m.position = (
    SELECT min(d.position) FROM mass_revocation d
    WHERE d.scope IN ('everyone', 'tenant:' || s.tenant) AND d.position >= s.written_at
  );
`,
];

/**
 * Brings a database to this program's schema. Safe while other processes start: the step is chosen under the write
 * lock, so that one of them takes it and the rest find it taken.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` when a newer program has been here: this one would misread its rows.
 */
export function migrate(database: DatabaseSync): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    const version = Number(database.prepare("PRAGMA user_version").get()?.user_version);
    if (version > MIGRATIONS.length) {
      throw new CoatcheckError(
        "STORE_UNAVAILABLE",
        `The session database has schema ${version}; this program knows ${MIGRATIONS.length}. Run the newer program.`,
      );
    }
    for (const step of MIGRATIONS.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
