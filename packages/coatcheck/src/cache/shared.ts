import type { HintChannel } from "../session/hint.ts";
import type { Snapshot } from "../session/store.ts";

/**
 * A tier that several processes share. Nothing it says is believed before the log has been compared, so it may forget,
 * bring back what it had forgotten, or be somebody else's after a failover. Every call may reject; callers go on
 * without. Keys are compact ids.
 */
export interface SharedTier extends HintChannel {
  /** Null when nothing is held, or the session was revoked. One round trip. */
  get(key: string): Promise<Snapshot | null>;
  /**
   * Holds a copy unless a newer one (by version, then position) or a tombstone is held, in one atomic step.
   *
   * @returns whether this copy is held now.
   */
  fill(key: string, snapshot: Snapshot): Promise<boolean>;
  /** Replaces a revoked session's copy by a mark that keeps copies out. */
  tombstone(key: string): Promise<void>;
}
