import type { RevokeReason } from "../../session/record.ts";
import type { RevocationScope } from "../../session/store.ts";
import { LOG_LUA_WITH_REPAIR } from "./log.ts";
import { ROW_LUA } from "./row.ts";
import { RedisScript } from "./script.ts";

/**
 * Revokes the sessions of a scope and appends to the log, in one step. Returns how many of them were active. A single
 * session or the sessions of a subject are updated row by row, because a subject has few. Revoking a tenant or
 * everyone takes constant time.
 */
export const REVOKE_SESSIONS = new RedisScript(
  LOG_LUA_WITH_REPAIR,
  ROW_LUA,
  /* lua */ `
local scope, name, except, reason, now = unpack(ARGV)

-- Returns the sets of active rows by type, and how many rows they have in total.
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

local function mark_pending(keys, scope)
  for session_type, key in pairs(keys) do
    redis.call('RENAME', key, prefix .. 'pending_revocation:' .. int(position) .. ':' .. session_type)
  end
  add_pending_revocation(scope, reason, now)
end

local function revoke_session()
  local row = load(name)
  if not row or not row.active then return 0 end
  revoke_row(row, reason, now)
  append('session', name, 'minVersion', row.version + 1)
  return 1
end

local function revoke_subject()
  local count = 0
  for _, id in ipairs(redis.call('ZRANGE', prefix .. 'active:subject:' .. name, 0, -1)) do
    local row = id ~= except and load(id)
    if row and row.active then
      revoke_row(row, reason, now)
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
  mark_pending(keys, 'tenant:' .. name)
  return count
end

local function revoke_everyone()
  local keys, count = active_sets(function(session_type) return prefix .. 'active:' .. session_type end)
  -- Rows of tenants with a pending revocation since the last epoch are in the active sets too. Do not count them
  -- twice.
  local earlier = redis.call('ZRANGEBYSCORE', prefix .. 'pending', '(' .. epoch, '+inf')
  local function each_earlier_set(act)
    for _, at in ipairs(earlier) do
      for _, session_type in ipairs(TYPES) do act(prefix .. 'pending_revocation:' .. at .. ':' .. session_type) end
    end
  end
  each_earlier_set(function(set) count = count - redis.call('ZCARD', set) end)
  if count == 0 and not lost then return 0 end
  each_earlier_set(function(set) redis.call('UNLINK', set) end)
  for _, at in ipairs(earlier) do redis.call('ZREM', prefix .. 'pending', at) end
  append('everyone', '1')
  mark_pending(keys, 'everyone')
  redis.call('HSET', prefix .. 'head', 'epoch', int(position))
  return count
end

if scope == 'session' then return revoke_session() end
if scope == 'subject' then return revoke_subject() end
if scope == 'tenant' then return revoke_tenant() end
return revoke_everyone()
`,
);

/**
 * The arguments of {@link REVOKE_SESSIONS}.
 *
 * @param now - epoch milliseconds.
 */
export function toRevokeArguments(scope: RevocationScope, reason: RevokeReason, now: number): string[] {
  const tail = [reason, String(now)];
  if ("session" in scope) return ["session", scope.session, "", ...tail];
  if ("subject" in scope) return ["subject", scope.subject.toWellFormed(), scope.except ?? "", ...tail];
  if ("tenant" in scope) return ["tenant", scope.tenant.toWellFormed(), "", ...tail];
  return ["everyone", "", "", ...tail];
}
