import { type Generated, type Kysely, sql } from "kysely";
import { CoatcheckError } from "../../session/errors.ts";
import type { RevokeReason } from "../../session/record.ts";
import type { SessionRow } from "../sql-row.ts";
import { migrate } from "./migrate.ts";

/** The tables and the view, typed for Kysely. The frequent statements are raw SQL in `statements.ts`. */
export interface PostgresSchema {
  /** Sessions as they were written. A mass revocation does not update these rows. */
  coatcheck_session: SessionRow & { epoch: number };
  /** Sessions with the mass revocations applied. All reads use this view. */
  coatcheck_session_now: SessionRow;
  coatcheck_log: {
    position: Generated<number>;
    session: string | null;
    min_version: number | null;
    /** JSON: the scope of items about more than one session, or an invalidated key. */
    scope: string | null;
    logged_at: number;
  };
  /** `tenant` is null for a revocation of everyone. */
  coatcheck_mass_revocation: {
    epoch: number;
    tenant: string | null;
    reason: RevokeReason;
    revoked_at: number;
  };
}

/** First key of each advisory lock. The second key identifies the subject; it is 0 for the lock on mass revocations. */
export const ADVISORY_LOCKS = { mass: 1_668_243_828, subject: 1_668_243_829 } as const;

/**
 * The migrations, in order. Each runs once. Never edit a released one.
 *
 * A touch (recorded activity) changes `last_seen_at` and `ends_at`, so no index contains these columns. Indexing only
 * the hour keeps touches heap-only (HOT), and the fill factor reserves space for the new row version on the same page.
 * The indexes by age and by tenant hold the hour too, so that a list of live sessions skips ended sessions without
 * reading their rows.
 *
 * `session.epoch` is the number of mass revocations at the time when the row was written. Later mass revocations of
 * its tenant or of everyone apply to the row, so revoking a tenant with ten million sessions inserts one small row.
 *
 * The functions are volatile: they read data that is newer than the snapshot of the calling statement. They take a lock
 * for which a mass revocation waits, so their result stays correct until the statement commits.
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
    "create index on coatcheck_session (created_at, id, ends_hour)",
    "create index on coatcheck_session (created_at, id) where state = 'revoked'",
    "create index on coatcheck_session (owner, created_at, id)",
    "create index on coatcheck_session (subject, created_at, id) where subject is not null",
    "create index on coatcheck_session (tenant, created_at, id, ends_hour) where tenant is not null",
    "create index on coatcheck_session (tenant, created_at, id) where state = 'revoked' and tenant is not null",
    "create index on coatcheck_session (visitor_id, created_at, id) where visitor_id is not null",
    "create index on coatcheck_session (parent_id, created_at, id) where parent_id is not null",
    "create index on coatcheck_session (epoch) where state = 'active'",
    "create index on coatcheck_session (tenant, epoch) where state = 'active' and tenant is not null",

    `create table coatcheck_log (
      position bigint not null default pg_current_xact_id()::text::bigint,
      session text,
      min_version bigint,
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
      perform pg_advisory_xact_lock_shared(${ADVISORY_LOCKS.mass}, 0);
      return (select last_value from coatcheck_epoch);
    end $$`,
    `create function coatcheck_is_spared(row_epoch bigint, row_tenant text) returns boolean
    language plpgsql volatile as $$
    begin
      perform pg_advisory_xact_lock_shared(${ADVISORY_LOCKS.mass}, 0);
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
      perform pg_advisory_xact_lock(${ADVISORY_LOCKS.subject}, hashtext(row_subject));
      return most > (
        select count(*) from coatcheck_session_now
        where subject = row_subject and id <> row_id and state = 'active' and ends_at > now
      );
    end $$`,
  ],
};

/**
 * Applies the migrations that the database does not have yet. Several processes may call it at once; one of them does
 * the work.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` when the server is a replica, a newer Coatcheck has migrated the
 * database, or commits are not durable.
 */
export async function migratePostgres(db: Kysely<PostgresSchema>): Promise<void> {
  await requireDurablePrimary(db);
  await migrate(db, {
    migrations: MIGRATIONS,
    table: "coatcheck_migration",
    lockTable: "coatcheck_migration_lock",
    migrationName: "migration",
  });
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
      'PostgreSQL acknowledges commits before they are on the disk; set "synchronous_commit" to "on" for the connections of the pool.',
    );
  }
}
