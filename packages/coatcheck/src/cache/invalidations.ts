import { requireKey } from "../session/scope.ts";
import type { LogPosition, SessionStore } from "../session/store.ts";
import type { CacheCore } from "./core.ts";
import type { InvalidatedKeys } from "./invalidated-keys.ts";
import type { Poller } from "./poller.ts";

/** The state of the log, as this process knew it when it began to load a copy. */
export interface LoadStart {
  /**
   * Number of invalidations that this process knew. If one of the copy's keys is invalidated after that, this process
   * refuses the copy.
   */
  readonly sequence: number;
  /** Other processes refuse the copy if one of its keys is invalidated at this log position or a later one. */
  readonly position: LogPosition;
}

/**
 * Keeps copies of the application's own data as fresh as sessions: an invalidation goes through the store's log, and a
 * copy is served only under the cache's lease. A copy has one or more keys; invalidating any of its keys invalidates
 * the copy.
 */
export interface Invalidations {
  /** Maximum age of an in-flight load that a new reader may join, in milliseconds; Infinity for a single process. */
  readonly joinWindow: number;
  /** Call it before a load begins, and keep the result with the copy. */
  startLoad(): LoadStart;
  /**
   * Whether a copy that this process loaded may be served now: the lease is valid, and none of the copy's keys was
   * invalidated after `start`.
   */
  allows(keys: readonly string[], start: LoadStart): boolean;
  /** Like {@link allows}, but ignores the lease. For a copy that the same request has already used. */
  isCurrent(keys: readonly string[], start: LoadStart): boolean;
  /** Whether a copy that another process loaded may be served now. */
  allowsForeign(keys: readonly string[], position: LogPosition): boolean;
  /** Polls the log if there is no valid lease, so that copies may be served. Does not repeat a failed poll. */
  renewLease(): Promise<void>;
  /**
   * Invalidates a key on every node, in one durable step. Once the promise has settled, this process serves no older
   * copy. A hint makes other processes stop within milliseconds; if the hint is lost, they stop within the staleness
   * bound.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE`: the invalidation may or may not be in force.
   */
  invalidate(key: string): Promise<void>;
}

/** The parts of a cache that invalidations use. */
export interface InvalidationDependencies {
  readonly store: SessionStore;
  readonly core: CacheCore;
  readonly keys: InvalidatedKeys;
  readonly poller: Poller;
  readonly isLeased: () => boolean;
  /** Sends a hint to the other processes. */
  readonly publish: (key: string, position: LogPosition | null) => void;
  /** Whether the poller polls at an interval. If not, each invalidation requests a poll. */
  readonly pollsRegularly: boolean;
  readonly joinWindow: number;
}

/** Implements {@link Invalidations} with the store's log. */
export class LogInvalidations implements Invalidations {
  readonly #deps: InvalidationDependencies;

  constructor(deps: InvalidationDependencies) {
    this.#deps = deps;
  }

  get joinWindow(): number {
    return this.#deps.joinWindow;
  }

  startLoad(): LoadStart {
    return { sequence: this.#deps.keys.sequence, position: this.#deps.core.position };
  }

  allows(keys: readonly string[], start: LoadStart): boolean {
    return this.#deps.isLeased() && this.#deps.keys.allowsLoaded(keys, start.sequence);
  }

  isCurrent(keys: readonly string[], start: LoadStart): boolean {
    return this.#deps.keys.allowsLoaded(keys, start.sequence);
  }

  allowsForeign(keys: readonly string[], position: LogPosition): boolean {
    return this.#deps.isLeased() && this.#deps.keys.allowsForeign(keys, position);
  }

  async renewLease(): Promise<void> {
    const { isLeased, poller } = this.#deps;
    if (!isLeased() && poller.lastPollSucceeded) await poller.pollOrJoin();
  }

  async invalidate(key: string): Promise<void> {
    requireKey(key);
    let position: LogPosition | null = null;
    try {
      position = await this.#deps.store.invalidate(key);
    } finally {
      // Mark the key even if the call failed: the store may have appended the item, and only its response was lost.
      this.markPending(key, position);
      this.#deps.publish(key, position);
    }
  }

  /**
   * Refuses the copies of an invalidated key that were loaded before the invalidation. Call it for an invalidation by
   * this process and for a hint.
   */
  markPending(key: string, position: LogPosition | null): void {
    this.#deps.core.markKeyPending(key, position);
    if (!this.#deps.pollsRegularly) void this.#deps.poller.pollNow();
  }
}
