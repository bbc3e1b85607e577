import { CHANGES_LUA, INVALIDATE_LUA, LOG_LUA } from "./log.ts";
import { ROW_LUA } from "./row.ts";
import { RedisScript } from "./script.ts";

/** Reads one row and its log position, or null. `ARGV`: id. */
export const GET_ROW = new RedisScript(
  LOG_LUA,
  ROW_LUA,
  /* lua */ `
local row = load(ARGV[1])
if not row then return false end
return { reply_for(row), int(position + 1) }
`,
);

/** Reads the log; see {@link CHANGES_LUA}. */
export const READ_LOG = new RedisScript(LOG_LUA, CHANGES_LUA);

/** Appends an item to the log; see {@link INVALIDATE_LUA}. */
export const INVALIDATE_KEY = new RedisScript(LOG_LUA, INVALIDATE_LUA);

/**
 * Maximum number of index entries that one script reads, so that a filter with few matches does not block the server.
 */
const SCAN_SLICE_SIZE = 2000;
/** Maximum number of rows that one script loads. Loading a row takes about as long as reading five index entries. */
const MAX_LOADED_ROWS = 500;
/** With more pending revocations than this, loading a row is faster than searching all of them for the row's id. */
const MAX_SEARCHED_REVOCATIONS = 3;

/**
 * Reads one slice of an index.
 *
 * `ARGV`: the filter as JSON; the direction, `newest` or `oldest` first; how many rows are wanted; the member after
 * which to continue, or an empty string. Returns the rows that match, and the member after which to continue (null at
 * the end of the index).
 *
 * It reads the smallest index that the filter names and checks the rest of the filter on each row. If the filter has a
 * `state` or `liveAt`, it first looks up the row's id in the sets of active rows, and loads the row only if it may
 * match. Most rows of a large store do not match, and the lookup is faster than loading a row.
 */
export const SCAN_INDEX = new RedisScript(
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

-- Revocations of tenants whose rows are still in the sets of active rows. See COUNT.
local pending = redis.call('ZRANGEBYSCORE', prefix .. 'pending', '(' .. epoch, '+inf')

-- When a row in a set of active rows ends, and its type; or nil.
local function active_until(id)
  for _, session_type in ipairs(TYPES) do
    local ends = redis.call('ZSCORE', prefix .. 'active:' .. session_type, id)
    if ends then return tonumber(ends), session_type end
  end
end

local function may_be_revoked(id)
  local _, session_type = active_until(id)
  if not session_type or #pending > ${MAX_SEARCHED_REVOCATIONS} then return true end
  for _, at in ipairs(pending) do
    if redis.call('ZSCORE', prefix .. 'pending_revocation:' .. at .. ':' .. session_type, id) then return true end
  end
  return false
end

-- Whether the state of a row may match, without loading it.
local function may_match(id)
  if filter.liveAt or filter.state == 'active' then
    local ends = active_until(id)
    return ends and ends > (filter.liveAt or -math.huge)
  end
  return filter.state ~= 'revoked' or may_be_revoked(id)
end

local members
if direction == 'newest' then
  local from = after == '' and '+' or '(' .. after
  members = redis.call('ZREVRANGEBYLEX', index, from, '-', 'LIMIT', 0, ${SCAN_SLICE_SIZE})
else
  local from = after == '' and '-' or '(' .. after
  members = redis.call('ZRANGEBYLEX', index, from, '+', 'LIMIT', 0, ${SCAN_SLICE_SIZE})
end

local found, loaded = {}, 0
for _, member in ipairs(members) do
  local id = string.sub(member, 16)
  if may_match(id) then
    local row = load(id)
    loaded = loaded + 1
    if row and matches(row) then found[#found + 1] = reply_for(row) end
    if #found == wanted or loaded == ${MAX_LOADED_ROWS} then return { found, member } end
  end
end
return { found, #members == ${SCAN_SLICE_SIZE} and members[#members] or false }
`,
);

/**
 * Returns the member that stands for a record in every index. Pass it to {@link SCAN_INDEX} to continue after that
 * record.
 */
export function indexMemberOf(record: { readonly createdAt: number; readonly id: string }): string {
  return String(record.createdAt).padStart(15, "0") + record.id;
}

/**
 * Counts sessions from the sizes of sets, without reading rows. Returns the numbers of all sessions, of active
 * anonymous sessions and of active authenticated sessions at `ARGV[1]` (epoch milliseconds).
 */
export const COUNT_SESSIONS = new RedisScript(
  LOG_LUA,
  /* lua */ `
local function live_in(set)
  return redis.call('ZCOUNT', prefix .. set, '(' .. ARGV[1], '+inf')
end
local counts = { redis.call('ZCARD', prefix .. 'all') }
-- Rows of a revoked tenant stay in the active sets until sweep applies the revocation, so subtract them.
local pending = redis.call('ZRANGEBYSCORE', prefix .. 'pending', '(' .. epoch, '+inf')
for _, session_type in ipairs(TYPES) do
  local live = live_in('active:' .. session_type)
  for _, at in ipairs(pending) do live = live - live_in('pending_revocation:' .. at .. ':' .. session_type) end
  counts[#counts + 1] = live
end
return counts
`,
);
