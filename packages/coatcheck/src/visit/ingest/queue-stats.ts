/** Statistics of an `IngestQueue` since its creation. All numbers include events and document counts. */
export interface QueueStats {
  /** Number of items in memory. */
  readonly queued: number;
  /** Number of items on disk. */
  readonly spilled: number;
  /** Number of items that the sink has stored. */
  readonly delivered: number;
  /**
   * Number of lost events: neither memory nor disk had space, or a line on disk was damaged. The sink also receives
   * the number of events that found no space, as a count.
   */
  readonly dropped: number;
  /** Age of the oldest waiting event since it was received, milliseconds; null if none is waiting. */
  readonly oldestAge: number | null;
  /** Whether the last write failed. */
  readonly isSinkDown: boolean;
  /** The last error of the sink or of the spill; null if there was none. */
  readonly lastError: unknown;
}
