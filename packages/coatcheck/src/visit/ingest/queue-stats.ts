/** Figures of an `IngestQueue` since it was created. Events and counts of documents are counted alike. */
export interface QueueStats {
  /** In memory. */
  readonly queued: number;
  /** On disk. */
  readonly spilled: number;
  /** In the sink. */
  readonly delivered: number;
  /**
   * Events that were lost: neither memory nor disk had room, or the line on disk was damaged. The sink gets the number of
   * the former as a count.
   */
  readonly dropped: number;
  /** How long ago the oldest waiting event was received, milliseconds; null when none waits. */
  readonly oldestAge: number | null;
  /** Whether the last write failed. */
  readonly isSinkDown: boolean;
  /** The last error of the sink or the spill; null when there was none. */
  readonly lastError: unknown;
}
