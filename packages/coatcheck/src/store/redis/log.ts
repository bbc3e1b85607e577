import type { LogItem } from "../../session/store.ts";
import { LOST_KEY_ERROR_CODE, redisUnavailableError } from "./errors.ts";
import { requireArray, requireInteger, requireString } from "./reply.ts";

/**
 * Returns the Lua code at the start of every script. The code reads the head of the log:
 *
 * - `position`: the last position that was assigned. A position is the server's time in microseconds, or the last
 *   position plus one if that is greater. So positions keep growing even after the server has lost its data.
 * - `floor`: the position at which this log was created. Items at or below it were lost with earlier data.
 * - `epoch`: the position of the last revocation of everyone.
 * - `mass`: the position of the last mass revocation, 0 when none is pending.
 *
 * **A mass revocation updates no row.** It is appended to the history of its scope. It applies to every row of the
 * scope whose `written` is at or below its position. In the same step, the sets of active rows are renamed to
 * `pending_revocation:<position>:<type>`, so counts stay exact. `sweep` later applies pending revocations to the rows
 * one by one and then deletes the history.
 *
 * **Lost keys.** Without the head, the history or the list of pending revocations, sessions that a mass revocation has
 * ended would be active again. So a script that finds one of these keys missing only returns
 * {@link LOST_KEY_ERROR_CODE}. The exception is a revocation of everyone, which creates the keys again.
 */
function logLua(repairCondition: string): string {
  return /* lua */ `
local prefix = KEYS[1]
local TYPES = { 'anonymous', 'authenticated' }

-- Lua's default conversion rounds to 14 digits.
local function int(number) return string.format('%.0f', number) end

-- A write that changes nothing. A read-only replica rejects it, so no reply comes from a replica.
redis.call('PERSIST', prefix .. 'head')

local function microseconds()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local head = redis.call('HMGET', prefix .. 'head', 'position', 'floor', 'epoch', 'mass')
local lost
if not head[1] then
  if redis.call('EXISTS', prefix .. 'all') == 1 then lost = 'head' end
elseif head[4] ~= '0' then
  for _, name in ipairs({ 'history', 'pending' }) do
    if redis.call('EXISTS', prefix .. name) == 0 then lost = name end
  end
end
if lost then
  if not (${repairCondition}) then return redis.error_reply('${LOST_KEY_ERROR_CODE} ' .. prefix .. lost) end
  redis.call('UNLINK', prefix .. 'history')
end
if not head[1] then
  local last = redis.call('XREVRANGE', prefix .. 'log', '+', '-', 'COUNT', 1)[1]
  local last_position = last and tonumber(string.match(last[1], '%d+')) or 0
  local start = int(math.max(microseconds(), last_position))
  head = { start, start, '0', '0' }
  redis.call('HSET', prefix .. 'head', 'position', start, 'floor', start, 'epoch', '0', 'mass', '0')
end
local position, floor, epoch, mass = tonumber(head[1]), tonumber(head[2]), head[3], tonumber(head[4])

local function append(...)
  position = math.max(position + 1, microseconds())
  redis.call('HSET', prefix .. 'head', 'position', int(position))
  redis.call('XADD', prefix .. 'log', int(position) .. '-0', ...)
end

-- Returns the pending mass revocations that apply to a row, oldest first. The oldest one decides its reason and time.
local function pending_revocations_of(written, tenant)
  local found = {}
  if written > mass then return found end
  local function collect(scope)
    local history = redis.call('HGET', prefix .. 'history', scope) or ''
    for at, reason, revoked_at, before in string.gmatch(history, '(%d+) (%S+) (%d+) (%d+);') do
      if tonumber(at) >= written then
        found[#found + 1] = { position = at, reason = reason, revoked_at = revoked_at, epoch = before }
      end
    end
  end
  collect('everyone')
  if tenant then collect('tenant:' .. tenant) end
  table.sort(found, function(a, b) return tonumber(a.position) < tonumber(b.position) end)
  return found
end

local function add_pending_revocation(scope, reason, revoked_at)
  local at = int(position)
  local history = redis.call('HGET', prefix .. 'history', scope) or ''
  local entry = at .. ' ' .. reason .. ' ' .. revoked_at .. ' ' .. epoch .. ';'
  redis.call('HSET', prefix .. 'history', scope, history .. entry)
  redis.call('ZADD', prefix .. 'pending', at, at)
  redis.call('HSET', prefix .. 'head', 'mass', at)
end
`;
}

/** The Lua code at the start of every script except the revocations. */
export const LOG_LUA = logLua("false");

/**
 * The Lua code at the start of a revocation, whose `ARGV[1]` is the kind of the scope. A revocation of everyone creates
 * lost keys again.
 */
export const LOG_LUA_WITH_REPAIR = logLua("ARGV[1] == 'everyone'");

/** Maximum number of log items that one call of the script reads. The store calls it again for the next items. */
export const LOG_SLICE_SIZE = 1000;

/**
 * Reads the log. `ARGV`: the cursor, or an empty string. Returns three values: the end of the log; the position at
 * which this log was created (the floor), or an empty string if the cursor is above it; and up to
 * {@link LOG_SLICE_SIZE} stream entries.
 *
 * A cursor beyond the end of the log means that the server has returned with older data (a restored backup, a failover
 * that lost the newest writes). Older cached copies can no longer be checked, so a revocation of everyone tells all
 * pollers to drop them.
 */
export const CHANGES_LUA = /* lua */ `
if ARGV[1] == '' then return { int(position + 1), '', {} } end
local cursor = tonumber(ARGV[1])
if cursor > position + 1 then
  position = cursor
  append('everyone', '1')
end
local entries = redis.call('XRANGE', prefix .. 'log', int(cursor) .. '-0', '+', 'COUNT', ${LOG_SLICE_SIZE})
return { int(position + 1), cursor <= floor and int(floor) or '', entries }
`;

/** Appends an item for a key. `ARGV`: the key as JSON, which escapes lone surrogates. Returns the item's position. */
export const INVALIDATE_LUA = /* lua */ `
append('key', ARGV[1])
return int(position)
`;

/** Decodes one stream entry: `["<position>-0", [name, value, …]]`. */
export function logItemOf(entry: unknown): LogItem {
  const [entryId, fields] = requireArray(entry);
  const [kind, value, , extra] = requireArray(fields).map(requireString);
  const position = requireInteger(requireString(entryId).split("-")[0]);
  const name = value ?? "";
  switch (kind) {
    case "session":
      return { position, session: name, minVersion: requireInteger(extra) };
    case "subject":
      return { position, scope: extra === undefined ? { subject: name } : { subject: name, except: extra } };
    case "tenant":
      return { position, scope: { tenant: name } };
    case "everyone":
      return { position, scope: { everyone: true } };
    case "key":
      return { position, key: JSON.parse(name) };
    default:
      throw redisUnavailableError(
        new Error(
          "The revocation log contains an item of a kind that this version of Coatcheck does not know; update Coatcheck.",
        ),
      );
  }
}
