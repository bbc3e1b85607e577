import { LOG_LUA } from "./log.ts";
import { ROW_LUA } from "./row.ts";
import { RedisScript } from "./script.ts";

/**
 * Maximum number of rows that one script deletes, or to which it applies a mass revocation. Such a script takes a few
 * milliseconds.
 */
export const SWEEP_SLICE_SIZE = 200;

/**
 * Applies pending mass revocations to rows, deletes ended rows, and trims the log.
 *
 * `ARGV`: the time in epoch milliseconds before which rows must have ended; how many rows to update at most; how many
 * rows to delete at most. Returns how many rows it deleted, how many it updated, and how many mass revocations are
 * still pending. Each call is atomic, so concurrent callers delete different rows.
 */
export const SWEEP_ROWS = new RedisScript(
  LOG_LUA,
  ROW_LUA,
  /* lua */ `
local before, max_applied, max_deleted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

-- Applies pending mass revocations to their rows, oldest revocation first. Returns how many rows it has looked at.
local function apply_pending()
  local applied = 0
  while true do
    local at = redis.call('ZRANGE', prefix .. 'pending', 0, 0)[1]
    if not at then
      if mass > 0 then
        redis.call('UNLINK', prefix .. 'history')
        redis.call('HSET', prefix .. 'head', 'mass', '0')
        mass = 0
      end
      return applied
    end
    for _, session_type in ipairs(TYPES) do
      if applied == max_applied then return applied end
      local revoked_set = prefix .. 'pending_revocation:' .. at .. ':' .. session_type
      for _, id in ipairs(redis.call('ZRANGE', revoked_set, 0, max_applied - applied - 1)) do
        local row = load(id)
        if row and row.revocation then
          revoke_row(row, row.revocation.reason, row.revocation.revoked_at)
        else
          redis.call('ZREM', revoked_set, id)
        end
        applied = applied + 1
      end
    end
    if redis.call('EXISTS', prefix .. 'pending_revocation:' .. at .. ':' .. TYPES[1],
      prefix .. 'pending_revocation:' .. at .. ':' .. TYPES[2]) == 0 then
      redis.call('ZREM', prefix .. 'pending', at)
    end
  end
end

local function delete_from(set, limit)
  local ids = redis.call('ZRANGEBYSCORE', prefix .. set, '-inf', '(' .. ARGV[1], 'LIMIT', 0, limit)
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

local applied = apply_pending()
local deleted = 0
for _, set in ipairs({ 'ended', 'active:anonymous', 'active:authenticated' }) do
  if deleted < max_deleted then deleted = deleted + delete_from(set, max_deleted - deleted) end
end

local oldest_kept = math.min(before * 1000, position + 1)
if oldest_kept > 0 then redis.call('XTRIM', prefix .. 'log', 'MINID', int(oldest_kept)) end
return { deleted, applied, redis.call('ZCARD', prefix .. 'pending') }
`,
);
