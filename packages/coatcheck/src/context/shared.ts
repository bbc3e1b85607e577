import { isJsonObject, parseJson } from "../session/json.ts";
import { type KnownOptions, requireKnownOptions } from "../session/known-options.ts";
import type { LogPosition } from "../session/store.ts";
import type { RedisTransport } from "../store/redis/transport.ts";

/** An entity in the shared tier. */
export interface SharedEntity {
  /** The position in the log of invalidations when the load began. */
  readonly position: LogPosition;
  /** When the load began, epoch milliseconds. */
  readonly loadedAt: number;
  /** The loader's result as JSON, not yet validated by the schema. */
  readonly value: unknown;
  readonly keys: readonly string[];
}

/**
 * A cache of entities that several processes share (the shared tier). Each copy from it is checked against the log of
 * invalidations before use. Every call may reject; callers then continue without the shared tier.
 */
export interface SharedEntities {
  /** Returns the copy under a key; null if there is none. */
  get(key: string): Promise<SharedEntity | null>;
  /** Stores a copy for `ttl` milliseconds. */
  set(key: string, entity: SharedEntity, ttl: number): Promise<void>;
}

/** Options of {@link redisEntities}. */
export interface RedisEntitiesOptions {
  /** Prefix of every key. Applications that share a Redis need different prefixes. Default: `coatcheck:`. */
  readonly prefix?: string;
}

const REDIS_ENTITIES_OPTIONS = { prefix: true } satisfies KnownOptions<RedisEntitiesOptions>;

/**
 * Creates a shared tier on Redis. It may use the same transport as the session cache; the application closes the
 * transport. Entities are stored as JSON: a Date is read back as a string, which the loader's schema can convert.
 *
 * @throws UsageError for an unknown option.
 * @example
 * const context = defineContext({ user }, { cache, shared: redisEntities(transport) });
 */
export function redisEntities(transport: RedisTransport, options: RedisEntitiesOptions = {}): SharedEntities {
  requireKnownOptions("options of redisEntities()", options, REDIS_ENTITIES_OPTIONS);
  const prefix = `${options.prefix ?? "coatcheck:"}entity:`;
  return {
    async get(key) {
      const text = await transport.exec(["GET", prefix + key]);
      return typeof text === "string" ? parseSharedEntity(text) : null;
    },
    // A plain SET is enough: if an older copy replaces a newer one, the next read rejects the older copy, because it
    // checks the log.
    async set(key, entity, ttl) {
      const text = JSON.stringify(entity);
      await transport.exec(["SET", prefix + key, text, "PX", String(Math.ceil(ttl))]);
    },
  };
}

function parseSharedEntity(text: string): SharedEntity | null {
  const entity = parseJson(text);
  if (!isJsonObject(entity)) return null;
  const { position, loadedAt, value, keys } = entity;
  const isValid =
    typeof position === "number" &&
    typeof loadedAt === "number" &&
    Array.isArray(keys) &&
    keys.every((key): key is string => typeof key === "string") &&
    value !== undefined &&
    value !== null;
  return isValid ? { position, loadedAt, value, keys } : null;
}
