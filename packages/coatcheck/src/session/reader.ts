import { CachedSession } from "./cached-session.ts";
import { requireMethod } from "./known-options.ts";
import type { SessionRecord } from "./record.ts";
import type { LogPosition, RevocationScope, SessionStore } from "./store.ts";
import { usageError } from "./usage-error.ts";

/** The tier that had the session: the cache of this process, the shared cache, or the store. */
export type Tier = "local" | "shared" | "store";

/** The result of a read: the session or null, and the tier that it came from. */
export interface ReadResult {
  readonly cached: CachedSession | null;
  readonly tier: Tier;
}

/** Options of {@link SessionReader.read}. */
export interface ReadOptions {
  /** Whether to read from the store and skip every cache. Default: false. */
  readonly fresh?: boolean;
  /** The lowest acceptable version. A caller sets it to read its own earlier write on any node. Default: 0. */
  readonly atLeast?: number;
}

/**
 * Reads sessions for the manager, from the store or from the caches in front of it. The manager reports each of its own
 * writes and revocations here, so that later reads in this process include them.
 */
export interface SessionReader {
  /** The store that this reader reads. The manager rejects a reader of another store. */
  readonly store: SessionStore;
  /**
   * The staleness bound: how long {@link getCached} may return a session after its revocation, milliseconds. 0 if it
   * never does.
   */
  readonly maxStaleness: number;
  /**
   * Returns a cached copy that is valid now, within the staleness bound; undefined if there is none. `key` is the
   * compact id, 22 characters.
   */
  getCached(key: string): CachedSession | undefined;
  /**
   * Returns a cached copy that was valid at most `maxAge` milliseconds ago; undefined if there is none. The copy may
   * exceed the staleness bound. Used by routes with the outage policy `degraded`.
   */
  getStale(key: string, maxAge: number): CachedSession | undefined;
  /**
   * Reads the caches and then the store. Returns expired and revoked records too; `cached` is null when no session has
   * this id.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE`.
   */
  read(id: string, options?: ReadOptions): Promise<ReadResult>;
  /**
   * Returns the known position in the revocation log. Read it *before* a write, and pass it to {@link recordWrite}
   * after the write.
   */
  position(): LogPosition;
  /** Reports that the store acknowledged a write of this process. */
  recordWrite(record: SessionRecord, position: LogPosition): void;
  /**
   * Reports that the cached copy may be out of date: the store has a newer version, or its response to a write was
   * lost.
   */
  invalidate(id: string): void;
  /**
   * Reports a revocation by this process. Also called when the store's response was lost, because the store may have
   * revoked the sessions.
   */
  recordRevocation(scope: RevocationScope): void;
  /** Resolves once no node can still serve a session that was revoked before this call. */
  waitForPropagation(): Promise<void>;
  /** Stops polling the revocation log and closes the shared cache. */
  close(): Promise<void>;
}

/**
 * Checks that a cache reads the manager's store. A cache of another store would never see the manager's revocations on
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
  throw usageError(input, [{ path: "cache", message }]);
}

/** A reader without caches: every read goes to the store's primary. */
export function createDirectReader(store: SessionStore): SessionReader {
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
    async waitForPropagation() {},
    async close() {},
  };
}
