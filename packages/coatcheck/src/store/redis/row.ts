import type { SessionRecord } from "../../session/record.ts";
import type { SessionFilter } from "../../session/store.ts";
import { requireArray, requireInteger, requireString } from "./reply.ts";

/** The fields that have an index of their own, for the filters of `list`. */
const INDEXED_FIELDS = ["subject", "tenant", "visitorId", "parentId", "owner"] as const;

/**
 * Lua functions for rows. A row is one hash, `session:<id>`:
 *
 * - `body`: the record as JSON, which Lua never parses. `version`, `reason` (empty while active) and `lastSeenAt` are
 *   separate fields, because they change without a `put`. These fields take precedence over the values in `body`.
 * - `facts`: the few fields that decide in which indexes the row is and when it ends, as JSON.
 * - `written`: the log position of the last `put`. It decides which mass revocations apply to the row.
 *
 * Indexes: `all`, and one `by:<field>:<value>` for each indexed field. Their members are `<createdAt, 15
 * digits><id>`, so byte order is list order.
 *
 * State sets: an active row is in `active:<type>`, `active:subject:<subject>` and
 * `active:tenant:<epoch>:<tenant>:<type>`, scored by the time at which it ends. A revoked row is in `ended`, scored
 * by the time of revocation. No key has a time to live, so Redis never removes a row that the indexes still contain.
 */
export const ROW_LUA = /* lua */ `
local INDEXED = { ${INDEXED_FIELDS.map((name) => `'${name}'`).join(", ")} }

-- Loads a row without its body, which most scripts do not need.
local function load(id)
  local hash = redis.call('HMGET', prefix .. 'session:' .. id,
    'version', 'reason', 'lastSeenAt', 'written', 'facts')
  if not hash[1] then return nil end
  local row = {
    id = id, version = tonumber(hash[1]), reason = hash[2], last_seen_at = tonumber(hash[3]),
    raw_facts = hash[5], facts = cjson.decode(hash[5]),
  }
  row.pending_revocations = row.reason == '' and pending_revocations_of(tonumber(hash[4]), row.facts.tenant) or {}
  row.revocation = row.pending_revocations[1]
  row.active = row.reason == '' and not row.revocation
  return row
end

local function reply_for(row)
  local revocation = row.revocation
  local body = redis.call('HGET', prefix .. 'session:' .. row.id, 'body')
  return { body, int(row.version + (revocation and 1 or 0)), revocation and revocation.reason or row.reason,
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

-- Calls act with each state set that an active row is in. A row with pending revocations may also be in sets that
-- they renamed.
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
  for _, revocation in ipairs(row.pending_revocations) do
    act(prefix .. 'pending_revocation:' .. revocation.position .. ':' .. facts.type)
    tenant_set(revocation.epoch)
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

local function revoke_row(row, reason, revoked_at)
  leave_active(row)
  redis.call('HSET', prefix .. 'session:' .. row.id, 'version', row.version + 1, 'reason', reason)
  redis.call('ZADD', prefix .. 'ended', revoked_at, row.id)
end
`;

/** Replaces lone surrogates: Redis stores UTF-8, and Lua's JSON parser stops at them. */
function withoutLoneSurrogates(value: string | null | undefined): string | undefined {
  return value?.toWellFormed();
}

/** Encodes the fields of a record that the scripts read, as JSON. */
export function indexedFieldsOf(record: SessionRecord): string {
  const { type, createdAt, expiresAt, idleTimeout } = record;
  const names = INDEXED_FIELDS.map((name) => [name, withoutLoneSurrogates(record[name])]);
  return JSON.stringify({ type, createdAt, expiresAt, idleTimeout, ...Object.fromEntries(names) });
}

/** Encodes a filter as JSON, with the same replacements as {@link indexedFieldsOf}, so that equal values match. */
export function toFilterArgument(filter: SessionFilter): string {
  const { type, state, liveAt } = filter;
  const names = INDEXED_FIELDS.map((name) => [name, withoutLoneSurrogates(filter[name])]);
  return JSON.stringify({ type, state, liveAt, ...Object.fromEntries(names) });
}

/** Decodes the record of a row from a script's reply (`reply_for`): body, version, reason, last seen. */
export function recordOf(reply: readonly unknown[]): SessionRecord {
  const [body, version, reason, lastSeenAt] = reply;
  const record = JSON.parse(requireString(body)) as SessionRecord;
  const ended = requireString(reason) as SessionRecord["reason"] | "";
  return {
    ...record,
    state: ended ? "revoked" : "active",
    reason: ended || null,
    version: requireInteger(version),
    lastSeenAt: requireInteger(lastSeenAt),
    // Earlier versions of Coatcheck stored rows without these fields.
    visit: record.visit ?? null,
    conversion: record.conversion ?? null,
    actor: record.actor ?? null,
    binding: record.binding ?? null,
  };
}

/** Decodes the records of several rows. */
export function recordsOf(reply: unknown): SessionRecord[] {
  return requireArray(reply).map((row) => recordOf(requireArray(row)));
}
