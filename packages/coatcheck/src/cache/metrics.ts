import type { GuardFigures } from "./guard.ts";

/** What was read of the shared tier. */
export interface SharedFigures extends GuardFigures {
  readonly hits: number;
  /** Tombstones included. */
  readonly misses: number;
  /** A copy was there but could not answer: the log or a timeout kept it out, or it was too old for the reader. */
  readonly refusals: number;
}

/** What the caches did since they were made. Counts only grow; an exporter takes differences. */
export interface CacheSnapshot {
  readonly local: {
    readonly entries: number;
    /** Estimated bytes of memory. */
    readonly bytes: number;
    readonly hits: number;
    readonly misses: number;
    /** A copy was there but could not answer: no lease, a mass revocation, past its time. */
    readonly refusals: number;
  };
  /** Null without a shared tier. */
  readonly shared: SharedFigures | null;
  readonly store: GuardFigures & {
    readonly reads: number;
    /** Reads that were saved because the id was known to be dead. */
    readonly deadIdHits: number;
  };
  readonly lease: {
    /** Milliseconds; 0 when nothing can be stale: a single process, or one that watches its SQLite file. */
    readonly bound: number;
    /** Milliseconds since the newest answered poll was sent (the poll's lag); null before the first. */
    readonly age: number | null;
    /** Whether copies may answer now. */
    readonly isHeld: boolean;
  };
  readonly log: { readonly polls: number; readonly failures: number; readonly marks: number };
}
