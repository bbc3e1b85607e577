import { HeldSession } from "./held.ts";
import type { SessionRecord } from "./record.ts";
import type { LogPosition, RevocationScope, SessionStore } from "./store.ts";

/** Which hop answered a read. */
export type Tier = "local" | "shared" | "store";

/** What a read found, and where. */
export interface Reading {
  readonly held: HeldSession | null;
  readonly tier: Tier;
}

/** How fresh a read must be. */
export interface ReadOptions {
  /** Ask the store itself, whatever the caches hold. */
  readonly fresh?: boolean;
  /** A copy below this version will not do: "I must see my own write", on whatever node it was made. */
  readonly atLeast?: number;
}

/**
 * Where the manager reads sessions: the store itself, or the caches in front of it. The manager tells it of every
 * write and revocation made here, so that a process always sees its own.
 */
export interface SessionReader {
  /** Synchronous: a copy that may answer at this very moment, else undefined. `key` is the compact id, 22 characters. */
  peek(key: string): HeldSession | undefined;
  /**
   * Synchronous: a copy that the store last vouched for at most `maxAge` milliseconds ago, for a route that would
   * rather have that than nothing while the store does not answer. Gives up the staleness bound.
   */
  degraded(key: string, maxAge: number): HeldSession | undefined;
  /** Through the tiers to the store. A record that is expired or revoked is returned as it is; null: no such session. */
  read(id: string, options?: ReadOptions): Promise<Reading>;
  /** The log position known here, to be taken *before* a write is sent and passed to {@link wrote} after it. */
  position(): LogPosition;
  /** A write of ours was acknowledged. */
  wrote(record: SessionRecord, position: LogPosition): void;
  /** A write of ours met a newer version: what is held here is out of date. */
  outdated(id: string): void;
  /** A revocation of ours was acknowledged. */
  revoked(scope: RevocationScope): void;
  /** Resolves when no node can still answer from a copy older than what is acknowledged now. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** The reader without caches: every read is a primary read. */
export function directReader(store: SessionStore): SessionReader {
  return {
    peek: () => undefined,
    degraded: () => undefined,
    async read(id) {
      const snapshot = await store.get(id);
      return { held: snapshot && new HeldSession(snapshot), tier: "store" };
    },
    position: () => 0,
    wrote() {},
    outdated() {},
    revoked() {},
    async settled() {},
    async close() {},
  };
}
