import type { HintChannel } from "../../session/hint.ts";
import type { Snapshot } from "../../session/store.ts";

/**
 * A cache tier that several processes share. Its copies are checked against the revocation log before they are served,
 * so it may lose copies, bring back old ones, or fail over to a replica that is behind. Every call may reject; callers
 * then continue without the tier. Keys are compact ids.
 */
export interface SharedTier extends HintChannel {
  /** Returns a copy; null if there is none, or only a tombstone. One round trip. */
  get(key: string): Promise<Snapshot | null>;
  /**
   * Stores a copy unless a newer one (by version, then position) or a tombstone is stored, in one atomic step.
   *
   * @returns whether this copy was stored.
   */
  fill(key: string, snapshot: Snapshot): Promise<boolean>;
  /** Replaces the copy of a revoked session with a tombstone, which rejects further copies. */
  tombstone(key: string): Promise<void>;
}
