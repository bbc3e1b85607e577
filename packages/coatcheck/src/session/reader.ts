import { CachedSession } from "./cached-session.ts";
import { requireMethod } from "./known-options.ts";
import type { SessionRecord } from "./record.ts";
import type { LogPosition, RevocationScope, SessionStore } from "./store.ts";
import { misuse } from "./usage-error.ts";

/** The tier that answered a read. */
export type Tier = "local" | "shared" | "store";

/** The result of a read: the session, or null, and the tier that answered. */
export interface ReadResult {
  readonly cached: CachedSession | null;
  readonly tier: Tier;
}

/** How fresh a read must be. */
export interface ReadOptions {
  /** Read from the store and skip every cache. Default: false. */
  readonly fresh?: boolean;
  /** The lowest acceptable version, for a caller that must see its own write on any node. Default: 0. */
  readonly atLeast?: number;
}

/**
 * Reads sessions for the manager, from the store or from the caches in front of it. The manager reports each of its own
 * writes and revocations here, so that a process always sees them.
 */
export interface SessionReader {
  /** The store that it reads. The manager refuses a reader of another store. */
  readonly store: SessionStore;
  /** The staleness bound: milliseconds for which {@link getCached} may return a revoked session. 0 when it never does. */
  readonly maxStaleness: number;
  /** Returns a cached copy whose lease is valid now, else undefined. Synchronous. `key` is the compact id, 22 characters. */
  getCached(key: string): CachedSession | undefined;
  /**
   * Returns a cached copy that was last valid at most `maxAge` milliseconds ago, else undefined. Synchronous. For routes
   * whose outage policy is `degraded`: the staleness bound does not hold.
   */
  getStale(key: string, maxAge: number): CachedSession | undefined;
  /**
   * Reads through the tiers to the store. Returns expired and revoked records too; `cached` is null when no session has
   * this id.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE`.
   */
  read(id: string, options?: ReadOptions): Promise<ReadResult>;
  /** The known position in the revocation log. Read it *before* sending a write, and pass it to {@link recordWrite} afterwards. */
  position(): LogPosition;
  /** Reports that the store acknowledged a write of this process. */
  recordWrite(record: SessionRecord, position: LogPosition): void;
  /** Reports that the cached copy may be out of date: the store has a newer version, or its response to a write was lost. */
  invalidate(id: string): void;
  /** Reports a revocation by this process, acknowledged or with its response lost. */
  recordRevocation(scope: RevocationScope): void;
  /** Resolves when no node can still serve a copy older than the revocations acknowledged so far. */
  propagated(): Promise<void>;
  /** Stops polling and closes the shared tier. */
  close(): Promise<void>;
}

/**
 * Requires that a cache reads the manager's store. A cache of another store would never see the manager's revocations on
 * other nodes.
 *
 * @param input what was checked, such as "session manager options".
 * @throws UsageError.
 */
export function requireReaderOf(input: string, store: SessionStore, reader: SessionReader): void {
  requireMethod(input, "cache", reader, { method: "read", what: "a cache" });
  if (reader.store === store) return;
  const message =
    "must be created with the manager's store: pass the same object to createCache() and to the manager";
  throw misuse(input, [{ path: "cache", message }]);
}

/** A reader without caches: every read goes to the store's primary. */
export function directReader(store: SessionStore): SessionReader {
  return {
    store,
    maxStaleness: 0,
    getCached: () => undefined,
    getStale: () => undefined,
    async read(id) {
      const snapshot = await store.get(id);
      return { cached: snapshot && new CachedSession(snapshot), tier: "store" };
    },
    position: () => 0,
    recordWrite() {},
    invalidate() {},
    recordRevocation() {},
    async propagated() {},
    async close() {},
  };
}
