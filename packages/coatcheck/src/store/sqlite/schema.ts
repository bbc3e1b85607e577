import type { DatabaseSync } from "node:sqlite";
import type { Generated } from "kysely";
import { CoatcheckError } from "../../session/errors.ts";
import type { SessionRow } from "../sql-row.ts";

/** The tables and the view, typed for Kysely. */
export interface Tables {
  /** Sessions as written. Revoking a tenant or everyone does not update these rows. */
  session: SessionRow & { end_hour: number; written_at: number };
  /** Sessions with the mass revocations applied. */
  session_now: SessionRow & { written_at: number };
  mass_revocation: { position: number; scope: string };
  log: {
    position: Generated<number>;
    session: string | null;
    min_version: number | null;
    scope: string | null;
    logged_at: number;
  };
}

/**
 * The migrations, in order. Never edit a released one. The number of applied migrations is the database's
 * `user_version`.
 *
 * `log.position` is AUTOINCREMENT, so positions keep growing even after the log has been swept empty.
 * `session.written_at` is the position of the next log item at the time of the last write that set the row's tenant. A
 * mass revocation at that position or above therefore applies to the row, and revoking a tenant with ten million
 * sessions inserts one small row.
 *
 * Most writes are touches and changes of data, so they should not have to update an index: of `ends_at`, only the hour
 * is indexed. `session_by_end` covers the columns that `stats` counts. The indexes by age and by tenant also contain
 * the columns that lists of live sessions filter by, so that a list skips ended sessions without reading their rows.
 * The table has a rowid, because a body of 1 KB inside a primary-key tree makes reads two to three times slower.
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

  CREATE INDEX session_by_age ON session (created_at, id, end_hour, state, type);
  CREATE INDEX session_by_subject ON session (subject, created_at, id) WHERE subject IS NOT NULL;
  CREATE INDEX session_by_tenant ON session (tenant, created_at, id, end_hour, state, written_at)
    WHERE tenant IS NOT NULL;
  CREATE INDEX revoked_session_by_age ON session (created_at, id) WHERE state = 'revoked';
  CREATE INDEX revoked_session_by_tenant ON session (tenant, created_at, id)
    WHERE state = 'revoked' AND tenant IS NOT NULL;
  CREATE INDEX session_by_visitor ON session (visitor_id, created_at, id) WHERE visitor_id IS NOT NULL;
  CREATE INDEX session_by_parent ON session (parent_id, created_at, id) WHERE parent_id IS NOT NULL;
  CREATE INDEX session_by_owner ON session (owner, created_at, id);
  CREATE INDEX session_by_end ON session (end_hour, state, type, created_at, tenant, written_at);
  CREATE INDEX active_session_by_tenant ON session (tenant, written_at) WHERE state = 'active' AND tenant IS NOT NULL;

  CREATE TABLE log (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    session TEXT,
    min_version INTEGER,
    scope TEXT,
    logged_at INTEGER NOT NULL
  ) STRICT;

  -- scope: 'everyone', or 'tenant:' followed by the tenant.
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
 * Applies the migrations that the database does not have yet. Several processes may call it at once: each reads the
 * version under the write lock, so one process migrates and the others find the new version.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` when a newer Coatcheck has migrated the database. This version would
 *   misread its rows.
 */
export function migrate(database: DatabaseSync): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    const version = Number(database.prepare("PRAGMA user_version").get()?.user_version);
    if (version > MIGRATIONS.length) {
      throw new CoatcheckError(
        "STORE_UNAVAILABLE",
        `The session database has schema version ${version}, but this version of Coatcheck supports schema version ${MIGRATIONS.length} at most. Update Coatcheck.`,
      );
    }
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
