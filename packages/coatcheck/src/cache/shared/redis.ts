import { createHash } from "node:crypto";
import { type Hint, parseHint } from "../../session/hint.ts";
import { isJsonObject, parseJson } from "../../session/json.ts";
import { type KnownOptions, requireKnownOptions, requireMethod } from "../../session/known-options.ts";
import { requireDurations } from "../../session/policy.ts";
import type { SessionRecord } from "../../session/record.ts";
import { warnOfShortDurations } from "../../session/short-durations.ts";
import type { Snapshot } from "../../session/store.ts";
import { compactId } from "../../session/token.ts";
import { isReplyError } from "../../store/redis/errors.ts";
import type { RedisTransport } from "../../store/redis/transport.ts";
import type { SharedTier } from "./tier.ts";

/** Options of {@link redisShared}. */
export interface RedisSharedOptions {
  /** Prefix of every key and of the channel name. Default: `coatcheck:`. */
  readonly prefix?: string;
  /** Milliseconds for which Redis keeps a copy or a tombstone. Default: 30 minutes. */
  readonly ttl?: number;
}

const SHARED_OPTIONS = { prefix: true, ttl: "number" } satisfies KnownOptions<RedisSharedOptions>;

/*
 * A copy is stored as `version:position:json`, a tombstone as `revoked`. Each script uses one key, so it runs on Redis
 * Cluster without hash tags.
 */
const TOMBSTONE = "revoked";

const FILL_SCRIPT = `
local head = redis.call('GETRANGE', KEYS[1], 0, 47)
if head == '${TOMBSTONE}' then return 0 end
local version, position = string.match(head, '^(%d+):(%d+):')
if version then
  local ahead = tonumber(version) - tonumber(ARGV[1])
  if ahead > 0 or (ahead == 0 and tonumber(position) >= tonumber(ARGV[2])) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1] .. ':' .. ARGV[2] .. ':' .. ARGV[3], 'PX', ARGV[4])
return 1
`;
const FILL_SCRIPT_HASH = createHash("sha1").update(FILL_SCRIPT).digest("hex");

/**
 * Creates a shared tier on Redis. Closing the tier ends its subscription. The transport stays open, and its owner must
 * close it.
 *
 * @throws UsageError for an unknown option.
 *
 * @example
 * const cache = createCache({ store, shared: redisShared(transport) });
 */
export function redisShared(transport: RedisTransport, options: RedisSharedOptions = {}): SharedTier {
  requireKnownOptions("options of redisShared()", options, SHARED_OPTIONS);
  if (options.ttl !== undefined) requireDurations({ ttl: options.ttl });
  warnOfShortDurations("options of redisShared()", "lifetime", { ttl: options.ttl });
  requireMethod("call of redisShared()", "transport", transport, {
    method: "exec",
    what: "a transport, from connectRedis()",
  });
  return new RedisShared(transport, options);
}

class RedisShared implements SharedTier {
  readonly #transport: RedisTransport;
  readonly #prefix: string;
  readonly #channel: string;
  readonly #ttl: string;
  readonly #subscriptions = new Set<() => Promise<void>>();

  constructor(transport: RedisTransport, { prefix = "coatcheck:", ttl = 30 * 60_000 }: RedisSharedOptions) {
    this.#transport = transport;
    this.#prefix = `${prefix}cached:`;
    this.#channel = `${prefix}hints`;
    this.#ttl = String(ttl);
  }

  async get(key: string): Promise<Snapshot | null> {
    const text = await this.#transport.exec(["GET", this.#prefix + key]);
    return typeof text === "string" ? parseCopy(key, text) : null;
  }

  async fill(key: string, { record, position }: Snapshot): Promise<boolean> {
    const args = [
      "1",
      this.#prefix + key,
      String(record.version),
      String(position),
      JSON.stringify(record),
      this.#ttl,
    ];
    return Number(await this.#runFill(args)) === 1;
  }

  async tombstone(key: string): Promise<void> {
    await this.#transport.exec(["SET", this.#prefix + key, TOMBSTONE, "PX", this.#ttl]);
  }

  async publish(hint: Hint): Promise<void> {
    await this.#transport.publish(this.#channel, JSON.stringify(hint));
  }

  async subscribe(listener: (hint: Hint) => void): Promise<() => Promise<void>> {
    const unsubscribe = await this.#transport.subscribe(this.#channel, (message) => {
      const hint = parseHint(message);
      if (hint) listener(hint);
    });
    this.#subscriptions.add(unsubscribe);
    return async () => {
      if (this.#subscriptions.delete(unsubscribe)) await unsubscribe();
    };
  }

  async close(): Promise<void> {
    const subscriptions = [...this.#subscriptions];
    this.#subscriptions.clear();
    await Promise.all(subscriptions.map((unsubscribe) => unsubscribe()));
  }

  async #runFill(args: string[]): Promise<unknown> {
    try {
      return await this.#transport.exec(["EVALSHA", FILL_SCRIPT_HASH, ...args]);
    } catch (error) {
      if (!isReplyError(error, "NOSCRIPT")) throw error;
      return await this.#transport.exec(["EVAL", FILL_SCRIPT, ...args]);
    }
  }
}

/** Parses a copy; null if the text is malformed or belongs to another session. */
function parseCopy(key: string, text: string): Snapshot | null {
  const versionEnd = text.indexOf(":");
  const positionEnd = text.indexOf(":", versionEnd + 1);
  if (versionEnd === -1 || positionEnd === -1) return null;
  const position = Number(text.slice(versionEnd + 1, positionEnd));
  const record = parseJson(text.slice(positionEnd + 1));
  if (!Number.isSafeInteger(position) || !isRecord(record) || compactId(record.id) !== key) return null;
  // Copies that earlier versions of Coatcheck stored lack the last four fields.
  return {
    record: {
      ...record,
      visit: record.visit ?? null,
      conversion: record.conversion ?? null,
      actor: record.actor ?? null,
      binding: record.binding ?? null,
    },
    position,
  };
}

/** Checks only the fields that the cache uses, because only Coatcheck writes these keys. */
function isRecord(value: unknown): value is SessionRecord {
  return (
    isJsonObject(value) &&
    typeof value.id === "string" &&
    typeof value.version === "number" &&
    typeof value.secretHash === "string" &&
    typeof value.lastSeenAt === "number"
  );
}
