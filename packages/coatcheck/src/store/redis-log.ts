import type { LogItem } from "../session/store.ts";
import { redisUnavailable } from "./redis-errors.ts";
import { listOf, numberOf, textOf } from "./redis-reply.ts";

/**
 * Every script begins with this. It reads the head of the log:
 *
 * - `position`: the last one given out. Positions are the server's microseconds, or one more than the last where
 *   two meet or the clock went back, so that they go on growing in a server that lost its data.
 * - `floor`: where the log began; whatever was at or below it went with the data of an earlier life.
 * - `epoch`: the position of the last revocation of everyone; `mass`: of the last one of many that is unsettled.
 *
 * **A mass revocation writes no row.** It appends to the history of its scope, and a row whose `written` is not above
 * a position of its history is ended by it. Sets of active rows are renamed to `doomed:<position>:…` in the same
 * step, so that counts stay exact; sweeps then settle the rows one by one, and forget the history.
 */
export const LOG_LUA = /* lua */ `
local prefix = KEYS[1]
local TYPES = { 'anonymous', 'authenticated' }

-- Lua's own conversion rounds to 14 digits.
local function int(number) return string.format('%.0f', number) end

-- A write that changes nothing. A read-only replica refuses it, so that no answer ever comes from one.
redis.call('PERSIST', prefix .. 'head')

local function microseconds()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local head = redis.call('HMGET', prefix .. 'head', 'position', 'floor', 'epoch', 'mass')
if not head[1] then
  local start = int(microseconds())
  head = { start, start, '0', '0' }
  redis.call('HSET', prefix .. 'head', 'position', start, 'floor', start, 'epoch', '0', 'mass', '0')
end
local position, floor, epoch, mass = tonumber(head[1]), tonumber(head[2]), head[3], tonumber(head[4])

local function append(...)
  position = math.max(position + 1, microseconds())
  redis.call('HSET', prefix .. 'head', 'position', int(position))
  redis.call('XADD', prefix .. 'log', int(position) .. '-0', ...)
end

-- The mass revocations that ended a row, oldest first: the first one's reason and time are the row's.
local function dooms_of(written, tenant)
  local dooms = {}
  if written > mass then return dooms end
  local function collect(scope)
    local history = redis.call('HGET', prefix .. 'history', scope) or ''
    for at, reason, ended_at, before in string.gmatch(history, '(%d+) (%S+) (%d+) (%d+);') do
      if tonumber(at) >= written then
        dooms[#dooms + 1] = { position = at, reason = reason, ended_at = ended_at, epoch = before }
      end
    end
  end
  collect('everyone')
  if tenant then collect('tenant:' .. tenant) end
  table.sort(dooms, function(a, b) return tonumber(a.position) < tonumber(b.position) end)
  return dooms
end

local function remember_doom(scope, reason, ended_at)
  local at = int(position)
  local history = redis.call('HGET', prefix .. 'history', scope) or ''
  local entry = at .. ' ' .. reason .. ' ' .. ended_at .. ' ' .. epoch .. ';'
  redis.call('HSET', prefix .. 'history', scope, history .. entry)
  redis.call('ZADD', prefix .. 'pending', at, at)
  redis.call('HSET', prefix .. 'head', 'mass', at)
end
`;

/** How many log items one call reads; more take further calls. */
export const LOG_SLICE = 1000;

/**
 * `ARGV`: the cursor, or an empty string. Answers where the log stands, the floor when the cursor is not above it
 * (else an empty string), and up to {@link LOG_SLICE} stream entries.
 *
 * A cursor beyond the log's end tells of a server that came back with older data (a restored backup, a failover that
 * lost its tail): nothing cached before can be judged any more, which one item about everyone says to all pollers.
 */
export const CHANGES_LUA = /* lua */ `
if ARGV[1] == '' then return { int(position + 1), '', {} } end
local cursor = tonumber(ARGV[1])
if cursor > position + 1 then
  position = cursor
  append('everyone', '1')
end
local entries = redis.call('XRANGE', prefix .. 'log', int(cursor) .. '-0', '+', 'COUNT', ${LOG_SLICE})
return { int(position + 1), cursor <= floor and int(floor) or '', entries }
`;

/** One entry of the stream: `["<position>-0", [name, value, …]]`. */
export function logItemOf(entry: unknown): LogItem {
  const [entryId, fields] = listOf(entry);
  const [kind, value, , extra] = listOf(fields).map(textOf);
  const position = numberOf(textOf(entryId).split("-")[0]);
  const name = value ?? "";
  switch (kind) {
    case "session":
      return { position, session: name, leastVersion: numberOf(extra) };
    case "subject":
      return { position, scope: extra === undefined ? { subject: name } : { subject: name, except: extra } };
    case "tenant":
      return { position, scope: { tenant: name } };
    case "everyone":
      return { position, scope: { everyone: true } };
    default:
      throw redisUnavailable(new Error("The log holds an item of a kind that this version does not know."));
  }
}
