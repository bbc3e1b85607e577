import { CHANGES_LUA, LOG_LUA } from "./redis-log.ts";
import { ROW_LUA } from "./redis-row.ts";
import { RedisScript } from "./redis-script.ts";

/** One row and the position it reflects, or null. */
export const GET = new RedisScript(
  LOG_LUA,
  ROW_LUA,
  /* lua */ `
local row = load(ARGV[1])
if not row then return false end
return { answer(row), int(position + 1) }
`,
);

export const CHANGES = new RedisScript(LOG_LUA, CHANGES_LUA);

/** How many rows one call looks at, so that a filter that matches little never holds the server up. */
export const SCAN_SLICE = 500;

/**
 * One stretch of an index: `ARGV` is the filter, the direction (`newest` or `oldest` first), how many rows are wanted
 * and the member to go on after. Answers the rows that match and the member to go on from, null at the end.
 *
 * The smallest index that the filter names is walked, and the rest of the filter is asked of each row.
 */
export const SCAN = new RedisScript(
  LOG_LUA,
  ROW_LUA,
  /* lua */ `
local filter, direction, wanted, after = cjson.decode(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4]

local index, size = prefix .. 'all', math.huge
for _, name in ipairs(INDEXED) do
  if filter[name] then
    local key = prefix .. 'by:' .. name .. ':' .. filter[name]
    local count = redis.call('ZCARD', key)
    if count < size then index, size = key, count end
  end
end

local function matches(row)
  for _, name in ipairs(INDEXED) do
    if filter[name] and filter[name] ~= row.facts[name] then return false end
  end
  if filter.type and filter.type ~= row.facts.type then return false end
  if filter.state and (filter.state == 'active') ~= row.active then return false end
  return not filter.liveAt or is_live(row, filter.liveAt)
end

local members
if direction == 'newest' then
  local from = after == '' and '+' or '(' .. after
  members = redis.call('ZREVRANGEBYLEX', index, from, '-', 'LIMIT', 0, ${SCAN_SLICE})
else
  local from = after == '' and '-' or '(' .. after
  members = redis.call('ZRANGEBYLEX', index, from, '+', 'LIMIT', 0, ${SCAN_SLICE})
end

local found = {}
for _, member in ipairs(members) do
  local row = load(string.sub(member, 16))
  if row and matches(row) then
    found[#found + 1] = answer(row)
    if #found == wanted then return { found, member } end
  end
end
return { found, #members == ${SCAN_SLICE} and members[#members] or false }
`,
);

/** The place of a record in every index; what {@link SCAN} goes on after. */
export function memberOf(record: { readonly createdAt: number; readonly id: string }): string {
  return String(record.createdAt).padStart(15, "0") + record.id;
}

/** Counts without looking at a row: total, active and authenticated at `ARGV[1]`. */
export const COUNT = new RedisScript(
  LOG_LUA,
  /* lua */ `
local function live_in(set)
  return redis.call('ZCOUNT', prefix .. set, '(' .. ARGV[1], '+inf')
end
local counts = { redis.call('ZCARD', prefix .. 'all') }
-- A revoked tenant's rows stay in the sets of all until they are settled.
local unsettled = redis.call('ZRANGEBYSCORE', prefix .. 'pending', '(' .. epoch, '+inf')
for _, session_type in ipairs(TYPES) do
  local live = live_in('active:' .. session_type)
  for _, at in ipairs(unsettled) do live = live - live_in('doomed:' .. at .. ':' .. session_type) end
  counts[#counts + 1] = live
end
return counts
`,
);
