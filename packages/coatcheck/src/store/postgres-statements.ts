import { LOCKS } from "./postgres-schema.ts";
import type { SessionRow } from "./row.ts";

/**
 * The statements of the hot paths, each atomic by itself and one round trip. A session's row is changed only where
 * `coatcheck_is_spared`, which holds mass revocations off until the statement has committed.
 *
 * Locks are taken in one order, so that nobody waits in a circle: the subject's, the one on mass revocations, rows by id.
 */

const COLUMNS = {
  id: "uuid",
  owner: "text",
  type: "text",
  state: "text",
  reason: "text",
  version: "bigint",
  subject: "text",
  tenant: "text",
  visitor_id: "text",
  parent_id: "text",
  created_at: "bigint",
  last_seen_at: "bigint",
  expires_at: "bigint",
  idle_timeout: "bigint",
  body: "text",
} as const satisfies Partial<Record<keyof SessionRow, string>>;

type Column = keyof typeof COLUMNS;

const NAMES = Object.keys(COLUMNS) as Column[];

/** What is read of a session; named, since a planned `*` would break when a newer program adds a column. */
export const READ: readonly (keyof SessionRow)[] = [...NAMES, "ends_at"];

/** A row's values, in the order of the parameters of {@link INSERT} and {@link UPDATE}. */
export function valuesOf(row: SessionRow): readonly unknown[] {
  return NAMES.map((name) => row[name]);
}

/** The parameter that carries a column. */
function at(name: Column): string {
  return `$${NAMES.indexOf(name) + 1}::${COLUMNS[name]}`;
}

/** When a session ends that was last seen then. */
function endsAfter(lastSeenAt: string): string {
  return `least(${at("expires_at")}, ${lastSeenAt} + ${at("idle_timeout")})`;
}

/** The parameters after the row's: when, if the write is to be logged, else null; and the limit, null for none. */
const [LOGGED_AT, MOST, NOW] = [1, 2, 3].map((after) => `$${NAMES.length + after}::bigint`);

const LOGGED = `logged as (
  insert into coatcheck_log (session, least_version, logged_at)
  select id, version, ${LOGGED_AT} from stored where ${LOGGED_AT} is not null
)`;

/**
 * Where the log stands in this statement's own snapshot. PostgreSQL answers none of it on a standby, so that no read of
 * ours can come from one.
 */
const STANDING = `
  select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as transaction,
         left(pg_walfile_name(pg_current_wal_lsn()), 8) as timeline,
         (pg_current_wal_insert_lsn() - '0/0')::bigint as written,
         (pg_current_wal_flush_lsn() - '0/0')::bigint as flushed`;

/** Parameter: id. Answers one row, whose columns of the session are null when there is none. */
export const GET = `
  select standing.*, ${READ.map((name) => `s.${name}`).join(", ")}
  from (${STANDING}) standing left join coatcheck_session_now s on s.id = $1::uuid`;

/** Queues with other writes that count the subject's sessions. Stands before `coatcheck_is_spared`: see above. */
const HAS_ROOM = `coatcheck_has_room(${at("subject")}, ${at("id")}, ${MOST}, ${NOW})`;

/** Parameters: the row, when to log it, the most live sessions of its subject, now. */
export const INSERT = `
  with stored as (
    insert into coatcheck_session (${NAMES.join(", ")}, ends_at, epoch)
    select ${NAMES.map(at).join(", ")}, ${endsAfter(at("last_seen_at"))}, coatcheck_epoch_now()
    where ${HAS_ROOM}
    on conflict (id) do nothing
    returning id, version
  ), ${LOGGED}
  select count(*) as count from stored`;

/** A write made from an older copy must not take back the activity that was recorded meanwhile. */
const LAST_SEEN_AT = `greatest(coatcheck_session.last_seen_at, ${at("last_seen_at")})`;

const ASSIGNMENTS = NAMES.map((name) => `${name} = ${name === "last_seen_at" ? LAST_SEEN_AT : at(name)}`);

/** Parameters: the row, when to log it, the most live sessions of its subject, now. */
export const UPDATE = `
  with stored as (
    update coatcheck_session set
      ${ASSIGNMENTS.join(", ")},
      ends_at = ${endsAfter(LAST_SEEN_AT)},
      epoch = coatcheck_epoch_now()
    where id = ${at("id")} and version = ${at("version")} - 1 and state = 'active'
      and ${HAS_ROOM} and coatcheck_is_spared(epoch, tenant)
    returning id, version
  ), ${LOGGED}
  select count(*) as count from stored`;

/**
 * Parameters: id, expected version. Whether it was the limit that kept a write from being stored: versions only grow,
 * so one that is still there was there before.
 */
export const IS_EXPECTED = `
  select case $2::bigint
    when 0 then not exists (select from coatcheck_session where id = $1::uuid)
    else exists (
      select from coatcheck_session_now where id = $1::uuid and version = $2::bigint and state = 'active'
    )
  end as expected`;

/** Parameters: ids, each once, and their times. */
export const TOUCH = `
  with touched as (
    select s.id, t.seen
    from unnest($1::uuid[], $2::bigint[]) as t (id, seen) join coatcheck_session s on s.id = t.id
    where s.state = 'active' and s.last_seen_at < t.seen and not exists (
      select from coatcheck_mass_revocation m
      where m.epoch > s.epoch and (m.tenant is null or m.tenant = s.tenant)
    )
    order by s.id
    for no key update of s
  )
  update coatcheck_session s
  set last_seen_at = touched.seen, ends_at = least(s.expires_at, touched.seen + s.idle_timeout)
  from touched
  where s.id = touched.id and s.state = 'active' and s.last_seen_at < touched.seen`;

const END = `
  set state = 'revoked', reason = $2::text, version = coatcheck_session.version + 1, ends_at = $3::bigint`;

/** Parameters: id, reason, now. */
export const REVOKE_SESSION = `
  with ended as (
    update coatcheck_session ${END}
    where id = $1::uuid and state = 'active' and coatcheck_is_spared(epoch, tenant)
    returning id, version
  ), logged as (
    insert into coatcheck_log (session, least_version, logged_at) select id, version, $3::bigint from ended
  )
  select count(*) as count from ended`;

/** Parameters: subject, reason, now, the session to spare or null, scope. */
export const REVOKE_SUBJECT = `
  with chosen as (
    select id from coatcheck_session
    where subject = $1::text and id is distinct from $4::uuid and state = 'active'
      and coatcheck_is_spared(epoch, tenant)
    order by id
    for no key update
  ), ended as (
    update coatcheck_session ${END}
    from chosen
    where coatcheck_session.id = chosen.id and subject = $1::text and state = 'active'
    returning 1
  ), logged as (
    insert into coatcheck_log (scope, logged_at) select $5::text, $3::bigint where exists (select from ended)
  )
  select count(*) as count from ended`;

/**
 * Parameters: tenant or null, reason, now, scope. Constant time. It waits until the writes under way have committed,
 * and those that follow see it.
 */
export const REVOKE_MANY = `
  with held as materialized (
    select pg_advisory_xact_lock(${LOCKS.mass}, 0)
  ), mass as (
    insert into coatcheck_mass_revocation (epoch, tenant, reason, revoked_at)
    select nextval('coatcheck_epoch'), $1::text, $2::text, $3::bigint from held
    returning epoch
  ), logged as (
    insert into coatcheck_log (scope, logged_at) select $4::text, $3::bigint from mass
  )
  select epoch from mass`;

/** Parameters: tenant or null, the epoch of a mass revocation. How many sessions it was the first to end. */
export const COUNT_ENDED = `
  select count(*) as count from coatcheck_session s
  where state = 'active' and epoch < $2::bigint and ($1::text is null or tenant = $1::text) and not exists (
    select from coatcheck_mass_revocation m
    where m.epoch > s.epoch and m.epoch < $2::bigint and (m.tenant is null or m.tenant = s.tenant)
  )`;

/** Parameter: the transaction to begin at, or null for no items. Answers at least one row. */
export const CHANGES = `
  select standing.*, log.position, log.session, log.least_version, log.scope
  from (${STANDING}) standing left join coatcheck_log log on log.position >= $1::bigint`;

/** Writes next to nothing, so that its commit brings the log to the disk, with all that stands before it. */
export const FLUSH = "select pg_logical_emit_message(true, 'coatcheck', '')";

/** Parameters: before, at most so many. */
export const SWEEP_ENDED = `
  with due as (
    select id from coatcheck_session
    where ends_hour <= $1::bigint / 3600000 and ends_at < $1::bigint
    order by ends_hour
    limit $2::bigint
    for update skip locked
  ), gone as (
    delete from coatcheck_session using due where coatcheck_session.id = due.id returning 1
  )
  select count(*) as count from gone`;

/** Parameters: before, at most so many. What an old mass revocation of everyone, or of a tenant, ended. */
export const SWEEP_MASS = ["m.tenant is null", "s.tenant = m.tenant"].map(
  (reaches) => `
  with due as (
    select s.id from coatcheck_mass_revocation m join coatcheck_session s on s.epoch < m.epoch and ${reaches}
    where m.revoked_at < $1::bigint and s.state = 'active'
    limit $2::bigint
    for update of s skip locked
  ), gone as (
    delete from coatcheck_session using due where coatcheck_session.id = due.id returning 1
  )
  select count(*) as count from gone`,
);

/** Parameter: before. A mass revocation is forgotten when the last row that it ended has gone. */
export const SWEEP_MASS_REVOCATIONS = `
  delete from coatcheck_mass_revocation m
  where revoked_at < $1::bigint and not exists (
    select from coatcheck_session s
    where s.state = 'active' and s.epoch < m.epoch and (m.tenant is null or s.tenant = m.tenant)
  )`;

/** Parameter: before. */
export const SWEEP_LOG = "delete from coatcheck_log where logged_at < $1::bigint";
