import type { RevokeReason } from "../session/record.ts";
import type { RevocationScope } from "../session/store.ts";
import { LOG_LUA } from "./redis-log.ts";
import { ROW_LUA } from "./redis-row.ts";
import { RedisScript } from "./redis-script.ts";

/**
 * Ends sessions and says so in the log, in one step; answers how many were active. One session or a subject's are
 * written at once, row by row: a subject has few. A tenant's or everyone's cost the same however many they are.
 */
export const REVOKE = new RedisScript(
  LOG_LUA,
  ROW_LUA,
  /* lua */ `
local scope, name, except, reason, now = unpack(ARGV)

-- What was active of each type, and how many there are.
local function active_sets(key_of)
  local keys, count = {}, 0
  for _, session_type in ipairs(TYPES) do
    local key = key_of(session_type)
    local size = redis.call('ZCARD', key)
    if size > 0 then keys[session_type] = key end
    count = count + size
  end
  return keys, count
end

local function doom(keys, scope)
  for session_type, key in pairs(keys) do
    redis.call('RENAME', key, prefix .. 'doomed:' .. int(position) .. ':' .. session_type)
  end
  remember_doom(scope, reason, now)
end

local function revoke_session()
  local row = load(name)
  if not row or not row.active then return 0 end
  finish(row, reason, now)
  append('session', name, 'leastVersion', row.version + 1)
  return 1
end

local function revoke_subject()
  local count = 0
  for _, id in ipairs(redis.call('ZRANGE', prefix .. 'active:subject:' .. name, 0, -1)) do
    local row = id ~= except and load(id)
    if row and row.active then
      finish(row, reason, now)
      count = count + 1
    end
  end
  if count == 0 then return 0 end
  if except == '' then append('subject', name) else append('subject', name, 'except', except) end
  return count
end

local function revoke_tenant()
  local keys, count = active_sets(function(session_type)
    return prefix .. 'active:tenant:' .. epoch .. ':' .. name .. ':' .. session_type
  end)
  if count == 0 then return 0 end
  append('tenant', name)
  doom(keys, 'tenant:' .. name)
  return count
end

local function revoke_everyone()
  local keys, count = active_sets(function(session_type) return prefix .. 'active:' .. session_type end)
  -- Tenants revoked since the last epoch and not settled yet are among them, but are not ended twice.
  local earlier = redis.call('ZRANGEBYSCORE', prefix .. 'pending', '(' .. epoch, '+inf')
  local function each_earlier_set(act)
    for _, at in ipairs(earlier) do
      for _, session_type in ipairs(TYPES) do act(prefix .. 'doomed:' .. at .. ':' .. session_type) end
    end
  end
  each_earlier_set(function(set) count = count - redis.call('ZCARD', set) end)
  if count == 0 then return 0 end
  each_earlier_set(function(set) redis.call('UNLINK', set) end)
  for _, at in ipairs(earlier) do redis.call('ZREM', prefix .. 'pending', at) end
  append('everyone', '1')
  doom(keys, 'everyone')
  redis.call('HSET', prefix .. 'head', 'epoch', int(position))
  return count
end

if scope == 'session' then return revoke_session() end
if scope == 'subject' then return revoke_subject() end
if scope == 'tenant' then return revoke_tenant() end
return revoke_everyone()
`,
);

/** @param now - epoch milliseconds */
export function revokeArguments(scope: RevocationScope, reason: RevokeReason, now: number): string[] {
  const tail = [reason, String(now)];
  if ("session" in scope) return ["session", scope.session, "", ...tail];
  if ("subject" in scope) return ["subject", scope.subject.toWellFormed(), scope.except ?? "", ...tail];
  if ("tenant" in scope) return ["tenant", scope.tenant.toWellFormed(), "", ...tail];
  return ["everyone", "", "", ...tail];
}
