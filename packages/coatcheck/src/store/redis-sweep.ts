import { LOG_LUA } from "./redis-log.ts";
import { ROW_LUA } from "./redis-row.ts";
import { RedisScript } from "./redis-script.ts";

/** How many rows one call settles or deletes: a few milliseconds of the server's time. */
export const SWEEP_SLICE = 200;

/**
 * `ARGV`: the time before which rows must have ended, and how many rows to settle and to delete at most. Answers how
 * many were deleted, how many were settled, and whether any are left to settle. Each step is atomic, so that callers
 * on other nodes take other rows.
 */
export const SWEEP = new RedisScript(
  LOG_LUA,
  ROW_LUA,
  /* lua */ `
local before, settle_most, delete_most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

-- Writes into the rows what mass revocations decided, oldest revocation first.
local function settle()
  local settled = 0
  while true do
    local at = redis.call('ZRANGE', prefix .. 'pending', 0, 0)[1]
    if not at then
      if mass > 0 then
        redis.call('UNLINK', prefix .. 'history')
        redis.call('HSET', prefix .. 'head', 'mass', '0')
        mass = 0
      end
      return settled
    end
    for _, session_type in ipairs(TYPES) do
      if settled == settle_most then return settled end
      local doomed = prefix .. 'doomed:' .. at .. ':' .. session_type
      for _, id in ipairs(redis.call('ZRANGE', doomed, 0, settle_most - settled - 1)) do
        local row = load(id)
        if row and row.doom then
          finish(row, row.doom.reason, row.doom.ended_at)
        else
          redis.call('ZREM', doomed, id)
        end
        settled = settled + 1
      end
    end
    if redis.call('EXISTS', prefix .. 'doomed:' .. at .. ':' .. TYPES[1],
      prefix .. 'doomed:' .. at .. ':' .. TYPES[2]) == 0 then
      redis.call('ZREM', prefix .. 'pending', at)
    end
  end
end

local function delete_from(set, most)
  local ids = redis.call('ZRANGEBYSCORE', prefix .. set, '-inf', '(' .. ARGV[1], 'LIMIT', 0, most)
  local deleted = 0
  for _, id in ipairs(ids) do
    local row = load(id)
    redis.call('ZREM', prefix .. set, id)
    if row then
      leave_indexes(row)
      leave_active(row)
      redis.call('UNLINK', prefix .. 'session:' .. id)
      deleted = deleted + 1
    end
  end
  return deleted
end

local settled = settle()
local deleted = 0
for _, set in ipairs({ 'ended', 'active:anonymous', 'active:authenticated' }) do
  if deleted < delete_most then deleted = deleted + delete_from(set, delete_most - deleted) end
end

local oldest_kept = math.min(before * 1000, position + 1)
if oldest_kept > 0 then redis.call('XTRIM', prefix .. 'log', 'MINID', int(oldest_kept)) end
return { deleted, settled, redis.call('ZCARD', prefix .. 'pending') }
`,
);
