import type { SessionRecord } from "../session/record.ts";
import type { PutOptions, Touch } from "../session/store.ts";
import { LOG_LUA } from "./redis-log.ts";
import { factsOf, ROW_LUA } from "./redis-row.ts";
import { RedisScript } from "./redis-script.ts";

/** Compare-and-set of one record, with the limit and the log item in the same step. Answers a `PutOutcome`. */
export const PUT = new RedisScript(
  /* lua */ `
-- A write that changes nothing, of the kind that a full server refuses. It must be the first: a script that has begun
-- to write is never stopped halfway. Without it a script may always write, as revocations, touches and sweeps shall.
redis.call('ZADD', KEYS[1] .. 'all', 'XX', 0, '')
`,
  LOG_LUA,
  ROW_LUA,
  /* lua */ `
local id, expected, change, most, now = unpack(ARGV, 1, 5)
local row = {
  id = id, version = ARGV[6], last_seen_at = tonumber(ARGV[7]),
  raw_facts = ARGV[8], facts = cjson.decode(ARGV[8]), body = ARGV[9], dooms = {},
}
local stored = load(id)
if expected == '0' then
  if stored then return 'conflict' end
elseif not stored or not stored.active or stored.version ~= tonumber(expected) then
  return 'conflict'
end

if most ~= '' and row.facts.subject then
  local others = 0
  local subject_set = prefix .. 'active:subject:' .. row.facts.subject
  for _, other in ipairs(redis.call('ZRANGEBYSCORE', subject_set, '(' .. now, '+inf')) do
    -- Only where a mass revocation may have reached it does the row have to be looked at.
    local row_of_other = mass > 0 and load(other)
    if other ~= id and (not row_of_other or row_of_other.active) then others = others + 1 end
  end
  if others + 1 > tonumber(most) then return 'over-limit' end
end

-- A write made from an older copy must not take back the activity that was recorded meanwhile.
if stored then row.last_seen_at = math.max(stored.last_seen_at, row.last_seen_at) end

if not stored or stored.raw_facts ~= row.raw_facts then
  if stored then
    leave_active(stored)
    leave_indexes(stored)
  end
  enter_indexes(row)
end
enter_active(row)
if change == 'privilege' then append('session', id, 'leastVersion', row.version) end
redis.call('HSET', prefix .. 'session:' .. id,
  'body', row.body, 'facts', row.raw_facts, 'version', row.version, 'reason', '',
  'lastSeenAt', int(row.last_seen_at), 'written', int(position + 1))
return 'stored'
`,
);

export function putArguments(
  record: SessionRecord,
  { expectedVersion, change, limit }: PutOptions,
): string[] {
  return [
    record.id,
    String(expectedVersion),
    change,
    limit ? String(limit.most) : "",
    limit ? String(limit.now) : "",
    String(record.version),
    String(record.lastSeenAt),
    factsOf(record),
    JSON.stringify(record),
  ];
}

/** `ARGV`: id, last seen, id, last seen, … */
export const TOUCH = new RedisScript(
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

/** How many touches one script takes, so that none holds the server up for more than a few milliseconds. */
export const TOUCH_SLICE = 500;

export function touchArguments(touches: readonly Touch[]): string[] {
  return touches.flatMap(({ id, lastSeenAt }) => [id, String(lastSeenAt)]);
}
