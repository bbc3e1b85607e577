import { type Generated, type Kysely, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { CoatcheckError } from "../session/errors.ts";
import type { RevokeReason } from "../session/record.ts";
import type { SessionRow } from "./row.ts";

/** The tables, as Kysely sees them; the hot paths are statements written by hand. */
export interface PostgresSchema {
  /** Sessions as written; a mass revocation does not touch its rows. */
  coatcheck_session: SessionRow & { epoch: number };
  /** Sessions as they are: the mass revocations applied. Everything is read from here. */
  coatcheck_session_now: SessionRow;
  coatcheck_log: {
    position: Generated<number>;
    session: string | null;
    least_version: number | null;
    /** JSON of a scope that is not one session. */
    scope: string | null;
    logged_at: number;
  };
  /** Null tenant: everyone. */
  coatcheck_mass_revocation: {
    epoch: number;
    tenant: string | null;
    reason: RevokeReason;
    revoked_at: number;
  };
}

/** The locks that the store takes, in PostgreSQL's space of two-part advisory locks: its own class, then what for. */
export const LOCKS = { mass: 1_668_243_828, subject: 1_668_243_829 } as const;

/**
 * Migrations run in this order, each once; those that have been published never change.
 *
 * Touches move `last_seen_at` and `ends_at`, so no index names them: an index on the hour keeps them heap-only, and the
 * fill factor leaves room for them on the page.
 *
 * `session.epoch` counts the mass revocations that there had been when the row was written; later ones of its tenant
 * or of everyone have ended it. That makes ending a tenant's ten million sessions one small row. The functions are
 * volatile: what they read is newer than the statement that calls them, and stands until that commits, since a mass
 * revocation waits for their lock.
 */
const MIGRATIONS: Readonly<Record<string, readonly string[]>> = {
  "001-sessions": [
    `create table coatcheck_session (
      id uuid primary key,
      owner text not null,
      type text not null,
      state text not null,
      reason text,
      version bigint not null,
      subject text,
      tenant text,
      visitor_id text,
      parent_id text,
      created_at bigint not null,
      last_seen_at bigint not null,
      expires_at bigint not null,
      idle_timeout bigint not null,
      ends_at bigint not null,
      body text not null,
      epoch bigint not null,
      ends_hour bigint not null generated always as (ends_at / 3600000) stored
    ) with (fillfactor = 70)`,
    "create index on coatcheck_session (ends_hour)",
    "create index on coatcheck_session (created_at, id)",
    "create index on coatcheck_session (owner, created_at, id)",
    "create index on coatcheck_session (subject, created_at, id) where subject is not null",
    "create index on coatcheck_session (tenant, created_at, id) where tenant is not null",
    "create index on coatcheck_session (visitor_id, created_at, id) where visitor_id is not null",
    "create index on coatcheck_session (parent_id, created_at, id) where parent_id is not null",
    "create index on coatcheck_session (epoch) where state = 'active'",
    "create index on coatcheck_session (tenant, epoch) where state = 'active' and tenant is not null",

    `create table coatcheck_log (
      position bigint not null default pg_current_xact_id()::text::bigint,
      session text,
      least_version bigint,
      scope text,
      logged_at bigint not null
    )`,
    "create index on coatcheck_log (position)",
    "create index on coatcheck_log (logged_at)",

    `create table coatcheck_mass_revocation (
      epoch bigint primary key,
      tenant text,
      reason text not null,
      revoked_at bigint not null
    )`,
    "create sequence coatcheck_epoch",
    "select nextval('coatcheck_epoch')",
    `create function coatcheck_epoch_now() returns bigint language plpgsql volatile as $$
    begin
      perform pg_advisory_xact_lock_shared(${LOCKS.mass}, 0);
      return (select last_value from coatcheck_epoch);
    end $$`,
    `create function coatcheck_is_spared(row_epoch bigint, row_tenant text) returns boolean
    language plpgsql volatile as $$
    begin
      perform pg_advisory_xact_lock_shared(${LOCKS.mass}, 0);
      return not exists (
        select from coatcheck_mass_revocation
        where epoch > row_epoch and (tenant is null or tenant = row_tenant)
      );
    end $$`,
    `create view coatcheck_session_now as
    select
      s.id, s.owner, s.type,
      case when m.epoch is null then s.state else 'revoked' end as state,
      case when m.epoch is null then s.reason else m.reason end as reason,
      s.version + (m.epoch is not null)::integer as version,
      s.subject, s.tenant, s.visitor_id, s.parent_id, s.created_at, s.last_seen_at, s.expires_at, s.idle_timeout,
      case when m.epoch is null then s.ends_at else m.revoked_at end as ends_at,
      s.body
    from coatcheck_session s left join lateral (
      select epoch, reason, revoked_at from coatcheck_mass_revocation
      where s.state = 'active' and epoch > s.epoch and (tenant is null or tenant = s.tenant)
      order by epoch limit 1
    ) m on true`,
    `create function coatcheck_has_room(row_subject text, row_id uuid, most bigint, now bigint) returns boolean
    language plpgsql volatile as $$
    begin
      if most is null then
        return true;
      end if;
      perform pg_advisory_xact_lock(${LOCKS.subject}, hashtext(row_subject));
      return most > (
        select count(*) from coatcheck_session_now
        where subject = row_subject and id <> row_id and state = 'active' and ends_at > now
      );
    end $$`,
  ],
};

/**
 * Brings the database to the present schema; safe in several processes at once, of which one does the work.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` on a replica, if a newer Coatcheck has been here, or if commits
 * are not durable.
 */
export async function migratePostgres(db: Kysely<PostgresSchema>): Promise<void> {
  await requireDurablePrimary(db);
  const migrator = new Migrator({
    db,
    migrationTableName: "coatcheck_migration",
    migrationLockTableName: "coatcheck_migration_lock",
    provider: { getMigrations: async () => migrations() },
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  await refuseNewerDatabase(db, error);
  throw error;
}

function migrations(): Record<string, Migration> {
  return Object.fromEntries(
    Object.entries(MIGRATIONS).map(([name, statements]): [string, Migration] => [
      name,
      {
        async up(db) {
          for (const statement of statements) await sql.raw(statement).execute(db);
        },
      },
    ]),
  );
}

async function requireDurablePrimary(db: Kysely<PostgresSchema>): Promise<void> {
  const { rows } = await sql<{ readOnly: string; commit: string }>`
    select current_setting('transaction_read_only') as "readOnly",
           current_setting('synchronous_commit') as commit`.execute(db);
  if (rows[0]?.readOnly === "on") {
    throw new CoatcheckError(
      "STORE_UNAVAILABLE",
      "PostgreSQL is a read-only replica; connect to the primary.",
    );
  }
  if (rows[0]?.commit === "off") {
    throw new CoatcheckError(
      "STORE_UNAVAILABLE",
      "PostgreSQL acknowledges commits before they are written; the pool must set synchronous_commit to on.",
    );
  }
}

async function refuseNewerDatabase(db: Kysely<PostgresSchema>, cause: unknown): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select name from coatcheck_migration order by name desc limit 1`.execute(db);
  const newest = rows[0]?.name;
  if (newest === undefined || newest in MIGRATIONS) return;
  throw new CoatcheckError(
    "STORE_UNAVAILABLE",
    `The database is newer than this program (${newest}); update the program.`,
    { cause },
  );
}
