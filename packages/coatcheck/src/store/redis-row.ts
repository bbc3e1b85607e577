import type { SessionRecord } from "../session/record.ts";
import type { SessionFilter } from "../session/store.ts";
import { listOf, numberOf, textOf } from "./redis-reply.ts";

/** The fields by which `list` finds rows; each has an index of its own. */
const INDEXED = ["subject", "tenant", "visitorId", "parentId", "owner"] as const;

/**
 * A row is one hash, `session:<id>`:
 *
 * - `body`: the record as JSON, which Lua never opens; `version`, `reason` (empty while active) and `lastSeenAt`
 *   beside it are what changes without a `put`, and count over the body's.
 * - `facts`: the few fields that decide where the row is found and when it ends.
 * - `written`: the log position of the last `put`, by which mass revocations reach it.
 *
 * It is found through `all` and one `by:<field>:<value>` for each indexed field (members `<createdAt, 15 digits><id>`,
 * so that the order of bytes is the order of a list), and through exactly one kind of state set: while active,
 * `active:<type>`, `active:subject:<subject>` and `active:tenant:<epoch>:<tenant>:<type>` by when it ends; then `ended`
 * by when it was revoked. No key has a time to live: Redis never removes what the indexes still name.
 */
export const ROW_LUA = /* lua */ `
local INDEXED = { ${INDEXED.map((name) => `'${name}'`).join(", ")} }

local function load(id)
  local hash = redis.call('HMGET', prefix .. 'session:' .. id,
    'version', 'reason', 'lastSeenAt', 'written', 'facts', 'body')
  if not hash[1] then return nil end
  local row = {
    id = id, version = tonumber(hash[1]), reason = hash[2], last_seen_at = tonumber(hash[3]),
    raw_facts = hash[5], facts = cjson.decode(hash[5]), body = hash[6],
  }
  row.dooms = row.reason == '' and dooms_of(tonumber(hash[4]), row.facts.tenant) or {}
  row.doom = row.dooms[1]
  row.active = row.reason == '' and not row.doom
  return row
end

local function answer(row)
  local doom = row.doom
  return { row.body, int(row.version + (doom and 1 or 0)), doom and doom.reason or row.reason,
    int(row.last_seen_at) }
end

local function ends_at(row)
  return math.min(row.facts.expiresAt, row.last_seen_at + row.facts.idleTimeout)
end

local function is_live(row, now) return row.active and now < ends_at(row) end

local function each_index(row, act)
  local member = string.format('%015.0f', row.facts.createdAt) .. row.id
  act(prefix .. 'all', member)
  for _, name in ipairs(INDEXED) do
    local value = row.facts[name]
    if value then act(prefix .. 'by:' .. name .. ':' .. value, member) end
  end
end

-- For an active row, the sets that it is in; for a doomed one, all that it may be in until it is settled.
local function each_active_set(row, act)
  local facts = row.facts
  local function tenant_set(in_epoch)
    if facts.tenant then
      act(prefix .. 'active:tenant:' .. in_epoch .. ':' .. facts.tenant .. ':' .. facts.type)
    end
  end
  act(prefix .. 'active:' .. facts.type)
  if facts.subject then act(prefix .. 'active:subject:' .. facts.subject) end
  tenant_set(epoch)
  for _, doom in ipairs(row.dooms) do
    act(prefix .. 'doomed:' .. doom.position .. ':' .. facts.type)
    tenant_set(doom.epoch)
  end
end

local function leave_active(row)
  each_active_set(row, function(key) redis.call('ZREM', key, row.id) end)
end

local function enter_active(row)
  local ends = ends_at(row)
  each_active_set(row, function(key) redis.call('ZADD', key, ends, row.id) end)
end

local function enter_indexes(row)
  each_index(row, function(key, member) redis.call('ZADD', key, 0, member) end)
end

local function leave_indexes(row)
  each_index(row, function(key, member) redis.call('ZREM', key, member) end)
end

local function finish(row, reason, ended_at)
  leave_active(row)
  redis.call('HSET', prefix .. 'session:' .. row.id, 'version', row.version + 1, 'reason', reason)
  redis.call('ZADD', prefix .. 'ended', ended_at, row.id)
end
`;

/** Half a surrogate pair is no text: Redis stores UTF-8, and Lua's JSON reader stops at it. */
function wellFormed(value: string | null | undefined): string | undefined {
  return value?.toWellFormed();
}

/** What Lua must know of a record. */
export function factsOf(record: SessionRecord): string {
  const { type, createdAt, expiresAt, idleTimeout } = record;
  const names = INDEXED.map((name) => [name, wellFormed(record[name])]);
  return JSON.stringify({ type, createdAt, expiresAt, idleTimeout, ...Object.fromEntries(names) });
}

/** The same spelling of a filter, so that both meet. */
export function filterArgument(filter: SessionFilter): string {
  const { type, state, liveAt } = filter;
  const names = INDEXED.map((name) => [name, wellFormed(filter[name])]);
  return JSON.stringify({ type, state, liveAt, ...Object.fromEntries(names) });
}

/** The record of a row as the script's `answer` sends it: body, version, reason, last seen. */
export function recordOf(reply: readonly unknown[]): SessionRecord {
  const [body, version, reason, lastSeenAt] = reply;
  const record = JSON.parse(textOf(body)) as SessionRecord;
  const ended = textOf(reason) as SessionRecord["reason"] | "";
  return {
    ...record,
    state: ended ? "revoked" : "active",
    reason: ended || null,
    version: numberOf(version),
    lastSeenAt: numberOf(lastSeenAt),
  };
}

/** Several answers. */
export function recordsOf(reply: unknown): SessionRecord[] {
  return listOf(reply).map((row) => recordOf(listOf(row)));
}
