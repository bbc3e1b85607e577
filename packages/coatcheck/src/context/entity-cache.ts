import { LRUCache } from "lru-cache";
import type { CircuitBreaker } from "../cache/circuit-breaker.ts";
import type { Invalidations, LoadStart } from "../cache/invalidations.ts";
import { ENTRY_BYTES, estimateBytes } from "../cache/local.ts";
import { SingleFlight } from "../cache/single-flight.ts";
import type { Clock, Schedule } from "../session/clock.ts";
import { contextUnavailableError } from "./errors.ts";
import type { Entity } from "./graph.ts";
import { callLoader, checkEntity } from "./load-entity.ts";
import type { EntityId } from "./selection.ts";
import type { SharedEntities, SharedEntity } from "./shared.ts";

/** A cached entity, or the cached fact that it does not exist. */
export interface CachedEntity {
  /** Frozen; null if the entity does not exist. */
  readonly value: unknown;
  /** The entity's own key and its tags. */
  readonly keys: readonly string[];
  readonly start: LoadStart;
  /** When this process began to read the entity, monotonic milliseconds. */
  readonly startedAt: number;
  /** When the copy expires, monotonic milliseconds. */
  readonly expiresAt: number;
}

/** Dependencies and limits of an {@link EntityCache}. */
export interface EntityCacheDependencies {
  readonly log: Invalidations;
  readonly shared: { readonly tier: SharedEntities; readonly breaker: CircuitBreaker } | null;
  readonly maxEntries: number;
  /** The most memory that all copies may use, in estimated bytes. */
  readonly maxBytes: number;
  readonly clock: Clock;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  readonly schedule: Schedule;
}

/** Counters of an {@link EntityCache}, since it was created. */
export interface EntityCacheMetrics {
  readonly entries: number;
  /** The memory that all copies use, in estimated bytes. */
  readonly bytes: number;
  readonly localHits: number;
  readonly sharedHits: number;
  /** How often a loader was called. */
  readonly loads: number;
}

/** The key of an entity. A name contains no colon, so different entities have different keys. */
export function entityKey(name: string, id: EntityId): string {
  return `${name}:${id}`;
}

/** The key of a tag. No name begins with `#`. */
export function tagKey(tag: string): string {
  return `#${tag}`;
}

/**
 * Caches entities in this process and in an optional cache that several processes share (the shared tier). All sessions
 * use the same copy of an entity. A copy is used only while the log of invalidations allows it; see {@link
 * Invalidations}.
 */
export class EntityCache {
  readonly #deps: EntityCacheDependencies;
  readonly #copies: LRUCache<string, CachedEntity>;
  readonly #flights = new SingleFlight<CachedEntity>();
  #localHits = 0;
  #sharedHits = 0;
  #loads = 0;

  constructor(deps: EntityCacheDependencies) {
    this.#deps = deps;
    // The option `max` is not used, because lru-cache would allocate memory for all entries at once.
    this.#copies = new LRUCache({ maxSize: deps.maxBytes });
  }

  /** Returns this process's copy if it may be used now. */
  getCached(key: string): CachedEntity | undefined {
    const copy = this.#copies.get(key);
    if (copy === undefined || !this.#mayServe(copy)) return undefined;
    this.#localHits++;
    return copy;
  }

  /** Whether a copy that a request has already used has neither expired nor been invalidated. */
  isCurrent(copy: CachedEntity): boolean {
    return this.#deps.monotonic() <= copy.expiresAt && this.#deps.log.isCurrent(copy.keys, copy.start);
  }

  /**
   * Reads an entity from this process, else from the shared tier, else from its loader. Concurrent callers share one
   * load.
   *
   * @throws CoatcheckError `CONTEXT_UNAVAILABLE`. A failure is not cached.
   */
  async read(entity: Entity, id: EntityId): Promise<CachedEntity> {
    const { log, monotonic } = this.#deps;
    const key = entityKey(entity.name, id);
    // Renew the lease even if no copy is cached. Without a lease, the next read would reject the entity that is loaded
    // now, and load it again.
    await log.renewLease();
    const cached = this.getCached(key);
    if (cached) return cached;
    const calledAt = monotonic();
    // If the load in flight began too early for this caller, all callers that waited for it share one new load.
    for (const earliest of [Number.NEGATIVE_INFINITY, calledAt]) {
      const inFlight = this.#flights.join(key, earliest);
      if (inFlight === undefined) break;
      const joinedResult = await inFlight;
      if (this.#mayJoin(joinedResult, calledAt - log.joinWindow)) return joinedResult;
    }
    return await this.#loadOnce(entity, id, key, true);
  }

  /** Loads an entity again, even if a copy is cached, and caches the result. Throws the same errors as {@link read}. */
  async reload(entity: Entity, id: EntityId): Promise<CachedEntity> {
    return await this.#loadOnce(entity, id, entityKey(entity.name, id), false);
  }

  /**
   * Removes a copy from this process. Called after a load, if the request turns out not to be allowed to read the
   * entity.
   */
  discard(key: string): void {
    this.#copies.delete(key);
  }

  /** Invalidates a key on every node. Throws `STORE_UNAVAILABLE`. */
  async invalidate(key: string): Promise<void> {
    try {
      await this.#deps.log.invalidate(key);
    } finally {
      // Callers after an invalidation must not wait for a load that began before it.
      if (key.startsWith("#")) this.#flights.forgetAll();
      else this.#flights.forget(key);
    }
  }

  /** Returns the counters, and the size of this process's cache. */
  metrics(): EntityCacheMetrics {
    return {
      entries: this.#copies.size,
      bytes: this.#copies.calculatedSize,
      localHits: this.#localHits,
      sharedHits: this.#sharedHits,
      loads: this.#loads,
    };
  }

  /**
   * Whether a caller may use the result of a load that another caller has started. Checks the log, because an
   * invalidation may have arrived since the load began.
   */
  #mayJoin(copy: CachedEntity, earliest: number): boolean {
    const { log } = this.#deps;
    const { keys, start, startedAt } = copy;
    return startedAt >= earliest ? log.isCurrent(keys, start) : log.allows(keys, start);
  }

  #mayServe(copy: CachedEntity): boolean {
    return this.#deps.monotonic() <= copy.expiresAt && this.#deps.log.allows(copy.keys, copy.start);
  }

  #loadOnce(entity: Entity, id: EntityId, key: string, mayShare: boolean): Promise<CachedEntity> {
    return this.#flights.start(key, this.#deps.monotonic(), async (isCurrent) => {
      const shared = mayShare ? await this.#readShared(entity, key) : null;
      const copy = shared ?? (await this.#callLoader(entity, id, key));
      if (isCurrent()) this.#cacheCopy(key, copy);
      return copy;
    });
  }

  #cacheCopy(key: string, copy: CachedEntity): void {
    // Do not store a copy that is already invalidated. This only saves memory: every read checks the log before it uses
    // a copy.
    if (!this.#deps.log.isCurrent(copy.keys, copy.start)) return;
    this.#copies.set(key, copy, { size: ENTRY_BYTES + estimateBytes(copy.value) });
    if (this.#copies.size > this.#deps.maxEntries) this.#copies.pop();
  }

  async #callLoader(entity: Entity, id: EntityId, key: string): Promise<CachedEntity> {
    const { log, clock, monotonic, schedule, shared } = this.#deps;
    const start = log.startLoad();
    const startedAt = monotonic();
    const loadedAt = clock.now();
    this.#loads++;
    const loaded = await callLoader(entity, id, schedule);
    const { ttl, negativeTtl } = entity.settings;
    if (loaded === null) {
      return { value: null, keys: [key], start, startedAt, expiresAt: startedAt + negativeTtl };
    }
    // The shared tier turns a Date into a string. Convert the local copy too, so that both have the same types.
    const raw = shared ? copyAsJson(entity, loaded) : loaded;
    const value = await checkEntity(entity, raw);
    const keys = [key, ...tagsOf(entity, value).map(tagKey)];
    if (shared) {
      const { tier, breaker } = shared;
      const copy = { position: start.position, loadedAt, value: raw, keys };
      breaker.run(() => tier.set(key, copy, ttl)).catch(() => {});
    }
    return { value, keys, start, startedAt, expiresAt: startedAt + ttl };
  }

  async #readShared(entity: Entity, key: string): Promise<CachedEntity | null> {
    const { shared, log, clock, monotonic } = this.#deps;
    if (!shared) return null;
    const found = await shared.breaker.run(() => shared.tier.get(key)).catch(() => null);
    const age = found ? Math.max(0, clock.now() - found.loadedAt) : 0;
    if (!found || age > entity.settings.ttl || !this.#allowsShared(key, found)) return null;
    const start = log.startLoad();
    const startedAt = monotonic();
    const expiresAt = startedAt + entity.settings.ttl - age;
    try {
      const value = await checkEntity(entity, found.value);
      this.#sharedHits++;
      return { value, keys: found.keys, start, startedAt, expiresAt };
    } catch {
      // Another version of the application may have stored a copy that this schema rejects. Call the loader instead.
      return null;
    }
  }

  #allowsShared(key: string, { keys, position }: SharedEntity): boolean {
    return keys[0] === key && this.#deps.log.allowsForeign(keys, position);
  }
}

function tagsOf({ name, settings }: Entity, value: unknown): readonly string[] {
  try {
    const tags = settings.tags(value);
    if (tags.every((tag) => typeof tag === "string")) return tags;
  } catch (error) {
    throw contextUnavailableError(name, 'has an option "tags" that threw an error', error);
  }
  throw contextUnavailableError(name, 'has an option "tags" that did not return a list of strings');
}

function copyAsJson({ name }: Entity, value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value));
  } catch (error) {
    throw contextUnavailableError(
      name,
      "returned a value that the shared tier cannot store, because it is not JSON",
      error,
    );
  }
}
