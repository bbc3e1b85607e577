import type { SessionRecord } from "../../session/record.ts";
import type { PutOptions, Touch } from "../../session/store.ts";
import { LOG_LUA } from "./log.ts";
import { indexedFieldsOf, ROW_LUA } from "./row.ts";
import { RedisScript } from "./script.ts";

/**
 * Stores one record if the stored version is the expected one and the session limit allows it. Appends to the log in
 * the same step. Returns a `PutOutcome`.
 */
export const PUT_RECORD = new RedisScript(
  /* lua */ `
-- A write that changes nothing, of a kind that a server rejects when its memory is full. It must come first, because
-- Redis never stops a script that has begun to write. Scripts without it may write in any case, and revoke, touch and
-- sweep must.
redis.call('ZADD', KEYS[1] .. 'all', 'XX', 0, '')
`,
  LOG_LUA,
  ROW_LUA,
  /* lua */ `
local id, expected, change, max_sessions, now = unpack(ARGV, 1, 5)
local row = {
  id = id, version = ARGV[6], last_seen_at = tonumber(ARGV[7]),
  raw_facts = ARGV[8], facts = cjson.decode(ARGV[8]), body = ARGV[9], pending_revocations = {},
}
local stored = load(id)
if expected == '0' then
  if stored then return 'conflict' end
elseif not stored or not stored.active or stored.version ~= tonumber(expected) then
  return 'conflict'
end

if max_sessions ~= '' and row.facts.subject then
  local others = 0
  local subject_set = prefix .. 'active:subject:' .. row.facts.subject
  for _, other in ipairs(redis.call('ZRANGEBYSCORE', subject_set, '(' .. now, '+inf')) do
    -- Read the other row only if a mass revocation is pending, because that may have ended it.
    local row_of_other = mass > 0 and load(other)
    if other ~= id and (not row_of_other or row_of_other.active) then others = others + 1 end
  end
  if others + 1 > tonumber(max_sessions) then return 'over-limit' end
end

-- Keep the later time, because a touch may have been stored after the writer read its copy.
if stored then row.last_seen_at = math.max(stored.last_seen_at, row.last_seen_at) end

if not stored or stored.raw_facts ~= row.raw_facts then
  if stored then
    leave_active(stored)
    leave_indexes(stored)
  end
  enter_indexes(row)
end
enter_active(row)
if change == 'privilege' then append('session', id, 'minVersion', row.version) end
redis.call('HSET', prefix .. 'session:' .. id,
  'body', row.body, 'facts', row.raw_facts, 'version', row.version, 'reason', '',
  'lastSeenAt', int(row.last_seen_at), 'written', int(position + 1))
return 'stored'
`,
);

/** The arguments of {@link PUT_RECORD}. */
export function toPutArguments(
  record: SessionRecord,
  { expectedVersion, change, sessionLimit }: PutOptions,
): string[] {
  return [
    record.id,
    String(expectedVersion),
    change,
    sessionLimit ? String(sessionLimit.max) : "",
    sessionLimit ? String(sessionLimit.now) : "",
    String(record.version),
    String(record.lastSeenAt),
    indexedFieldsOf(record),
    JSON.stringify(record),
  ];
}

/** Records activity. `ARGV`: id, last seen, id, last seen, … */
export const TOUCH_ROWS = new RedisScript(
  LOG_LUA,
  ROW_LUA,
  /* lua */ `
for i = 1, #ARGV, 2 do
  local row = load(ARGV[i])
  local seen = tonumber(ARGV[i + 1])
  if row and row.active and seen > row.last_seen_at then
    redis.call('HSET', prefix .. 'session:' .. row.id, 'lastSeenAt', ARGV[i + 1])
    row.last_seen_at = seen
    enter_active(row)
  end
end
`,
);

/** Maximum number of touches per script, so that a script blocks the server for only a few milliseconds. */
export const TOUCH_SLICE_SIZE = 500;

/** The arguments of {@link TOUCH_ROWS}. */
export function toTouchArguments(touches: readonly Touch[]): string[] {
  return touches.flatMap(({ id, lastSeenAt }) => [id, String(lastSeenAt)]);
}
