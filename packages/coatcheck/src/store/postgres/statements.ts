import { hasLoneSurrogate, type SessionRow } from "../sql-row.ts";
import { ADVISORY_LOCKS } from "./schema.ts";

/**
 * The statements of the store. Each is atomic and takes one round trip. A statement changes a session's row only if
 * `coatcheck_is_spared` returns true: no mass revocation has ended the session. The function makes later mass
 * revocations wait until the statement has committed.
 *
 * To avoid deadlocks, all statements take locks in the same order: the lock of the subject, the lock on mass
 * revocations, then the rows by id.
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

const COLUMN_NAMES = Object.keys(COLUMNS) as Column[];

/**
 * The columns that statements read. They are listed because a prepared statement with `*` would fail after a newer
 * version of Coatcheck added a column.
 */
export const READ_COLUMNS: readonly (keyof SessionRow)[] = [...COLUMN_NAMES, "ends_at"];

/**
 * Whether a value cannot be stored in any column: PostgreSQL's text cannot contain NUL, and UTF-8 cannot encode lone
 * surrogates.
 */
export function isUnstorable(value: unknown): boolean {
  return hasLoneSurrogate(value) || (typeof value === "string" && value.includes("\0"));
}

/** The values of a row, in the order of the parameters of {@link INSERT_SESSION} and {@link UPDATE_SESSION}. */
export function valuesOf(row: SessionRow): readonly unknown[] {
  return COLUMN_NAMES.map((name) => row[name]);
}

/** The SQL parameter that a column is bound to. */
function parameterOf(name: Column): string {
  return `$${COLUMN_NAMES.indexOf(name) + 1}::${COLUMNS[name]}`;
}

/** SQL for the time at which a session ends, given the time of its last activity. */
function endTimeSql(lastSeenAt: string): string {
  return `least(${parameterOf("expires_at")}, ${lastSeenAt} + ${parameterOf("idle_timeout")})`;
}

/**
 * The parameters that follow the values of the row: the time of the log item, or null for no item; the maximum number
 * of live sessions, or null for no limit; the current time.
 */
const [LOGGED_AT, MAX_SESSIONS, NOW] = [1, 2, 3].map((after) => `$${COLUMN_NAMES.length + after}::bigint`);

const APPEND_TO_LOG = `logged as (
  insert into coatcheck_log (session, min_version, logged_at)
  select id, version, ${LOGGED_AT} from stored where ${LOGGED_AT} is not null
)`;

/**
 * The end of the log in the statement's own snapshot. PostgreSQL raises an error for these functions on a standby, so
 * the store never reads from one.
 */
const LOG_HEAD = `
  select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as transaction,
         left(pg_walfile_name(pg_current_wal_lsn()), 8) as timeline,
         (pg_current_wal_insert_lsn() - '0/0')::bigint as written,
         (pg_current_wal_flush_lsn() - '0/0')::bigint as flushed`;

/** Parameter: id. Returns one row. Its session columns are null if the session does not exist. */
export const GET_SESSION = `
  select log_head.*, ${READ_COLUMNS.map((name) => `s.${name}`).join(", ")}
  from (${LOG_HEAD}) log_head left join coatcheck_session_now s on s.id = $1::uuid`;

/**
 * Condition: the session limit of the subject allows the write. Locks the subject, so that writes count its sessions
 * one after the other. Must come before `coatcheck_is_spared`, for the lock order.
 */
const IS_WITHIN_SESSION_LIMIT = `coatcheck_has_room(${parameterOf("subject")}, ${parameterOf("id")}, ${MAX_SESSIONS}, ${NOW})`;

/** Parameters: the row, {@link LOGGED_AT}, {@link MAX_SESSIONS}, {@link NOW}. Returns `count`: 1 if stored, else 0. */
export const INSERT_SESSION = `
  with stored as (
    insert into coatcheck_session (${COLUMN_NAMES.join(", ")}, ends_at, epoch)
    select ${COLUMN_NAMES.map(parameterOf).join(", ")}, ${endTimeSql(parameterOf("last_seen_at"))}, coatcheck_epoch_now()
    where ${IS_WITHIN_SESSION_LIMIT}
    on conflict (id) do nothing
    returning id, version
  ), ${APPEND_TO_LOG}
  select count(*) as count from stored`;

/** Keeps the later time, because a touch may have been stored after the writer read its copy. */
const LAST_SEEN_AT = `greatest(coatcheck_session.last_seen_at, ${parameterOf("last_seen_at")})`;

const ASSIGNMENTS = COLUMN_NAMES.map(
  (name) => `${name} = ${name === "last_seen_at" ? LAST_SEEN_AT : parameterOf(name)}`,
);

/** Parameters: the row, {@link LOGGED_AT}, {@link MAX_SESSIONS}, {@link NOW}. Returns `count`: 1 if stored, else 0. */
export const UPDATE_SESSION = `
  with stored as (
    update coatcheck_session set
      ${ASSIGNMENTS.join(", ")},
      ends_at = ${endTimeSql(LAST_SEEN_AT)},
      epoch = coatcheck_epoch_now()
    where id = ${parameterOf("id")} and version = ${parameterOf("version")} - 1 and state = 'active'
      and ${IS_WITHIN_SESSION_LIMIT} and coatcheck_is_spared(epoch, tenant)
    returning id, version
  ), ${APPEND_TO_LOG}
  select count(*) as count from stored`;

/**
 * Parameters: id, expected version. Returns whether the session limit, and not a version conflict, prevented a write.
 * Versions only grow: if the expected version is still stored, it was stored at the time of the write.
 */
export const IS_EXPECTED_VERSION = `
  select case $2::bigint
    when 0 then not exists (select from coatcheck_session where id = $1::uuid)
    else exists (
      select from coatcheck_session_now where id = $1::uuid and version = $2::bigint and state = 'active'
    )
  end as expected`;

/** Parameters: ids without duplicates, and the time for each. */
export const TOUCH_SESSIONS = `
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

const MARK_REVOKED = `
  set state = 'revoked', reason = $2::text, version = coatcheck_session.version + 1, ends_at = $3::bigint`;

/** Parameters: id, reason, now. */
export const REVOKE_SESSION = `
  with revoked as (
    update coatcheck_session ${MARK_REVOKED}
    where id = $1::uuid and state = 'active' and coatcheck_is_spared(epoch, tenant)
    returning id, version
  ), logged as (
    insert into coatcheck_log (session, min_version, logged_at) select id, version, $3::bigint from revoked
  )
  select count(*) as count from revoked`;

/**
 * Parameters: subject, reason, now, the session to keep or null, scope as JSON. The condition is `state <> 'revoked'`,
 * for which no partial index exists. For `state = 'active'`, a planner without statistics would read a partial index of
 * all active sessions.
 */
export const REVOKE_SUBJECT = `
  with selected as (
    select id from coatcheck_session
    where subject = $1::text and id is distinct from $4::uuid and state <> 'revoked'
      and coatcheck_is_spared(epoch, tenant)
    order by id
    for no key update
  ), revoked as (
    update coatcheck_session ${MARK_REVOKED}
    from selected
    where coatcheck_session.id = selected.id and subject = $1::text and state <> 'revoked'
    returning 1
  ), logged as (
    insert into coatcheck_log (scope, logged_at) select $5::text, $3::bigint where exists (select from revoked)
  )
  select count(*) as count from revoked`;

/**
 * Parameters: tenant or null for everyone, reason, now, scope as JSON. Takes constant time. The lock makes it wait
 * for the writes in flight; later writes see the revocation.
 */
export const REVOKE_MANY = `
  with locked as materialized (
    select pg_advisory_xact_lock(${ADVISORY_LOCKS.mass}, 0)
  ), mass as (
    insert into coatcheck_mass_revocation (epoch, tenant, reason, revoked_at)
    select nextval('coatcheck_epoch'), $1::text, $2::text, $3::bigint from locked
    returning epoch
  ), logged as (
    insert into coatcheck_log (scope, logged_at) select $4::text, $3::bigint from mass
  )
  select epoch from mass`;

/**
 * Parameters: tenant or null for everyone, the epoch of a mass revocation. Counts the sessions that this mass
 * revocation ended. Sessions that an earlier mass revocation had ended do not count.
 */
export const COUNT_SESSIONS_ENDED = `
  select count(*) as count from coatcheck_session s
  where state = 'active' and epoch < $2::bigint and ($1::text is null or tenant = $1::text) and not exists (
    select from coatcheck_mass_revocation m
    where m.epoch > s.epoch and m.epoch < $2::bigint and (m.tenant is null or m.tenant = s.tenant)
  )`;

/**
 * Parameters: the key as JSON, the current time. Returns the item's transaction as `position`, with the end of the log.
 */
export const INVALIDATE_KEY = `
  with logged as (
    insert into coatcheck_log (scope, logged_at) values ($1::text, $2::bigint) returning position
  )
  select log_head.*, logged.position from (${LOG_HEAD}) log_head, logged`;

/** Parameter: the transaction to start from, or null for no items. Returns at least one row. */
export const READ_LOG = `
  select log_head.*, log.position, log.session, log.min_version, log.scope
  from (${LOG_HEAD}) log_head left join coatcheck_log log on log.position >= $1::bigint`;

/** Writes a tiny record. Its commit flushes the write-ahead log, so all earlier writes are on the disk after it. */
export const FLUSH_LOG = "select pg_logical_emit_message(true, 'coatcheck', '')";

/** Parameters: before, limit. */
export const SWEEP_ENDED = `
  with due as (
    select id from coatcheck_session
    where ends_hour <= $1::bigint / 3600000 and ends_at < $1::bigint
    order by ends_hour
    limit $2::bigint
    for update skip locked
  ), deleted as (
    delete from coatcheck_session using due where coatcheck_session.id = due.id returning 1
  )
  select count(*) as count from deleted`;

/**
 * Parameters: before, limit. Two statements that delete the rows ended by old mass revocations: of everyone, then of a
 * tenant.
 */
export const SWEEP_MASS = ["m.tenant is null", "s.tenant = m.tenant"].map(
  (isInScope) => `
  with due as (
    select s.id from coatcheck_mass_revocation m join coatcheck_session s on s.epoch < m.epoch and ${isInScope}
    where m.revoked_at < $1::bigint and s.state = 'active'
    limit $2::bigint
    for update of s skip locked
  ), deleted as (
    delete from coatcheck_session using due where coatcheck_session.id = due.id returning 1
  )
  select count(*) as count from deleted`,
);

/** Parameter: before. Deletes old mass revocations that no longer apply to any row. */
export const SWEEP_MASS_REVOCATIONS = `
  delete from coatcheck_mass_revocation m
  where revoked_at < $1::bigint and not exists (
    select from coatcheck_session s
    where s.state = 'active' and s.epoch < m.epoch and (m.tenant is null or s.tenant = m.tenant)
  )`;

/** Parameter: before. Deletes older log items. */
export const SWEEP_LOG = "delete from coatcheck_log where logged_at < $1::bigint";
