/** What a store has if it detects the commits of other processes, as `sqliteStore()` does. */
export interface DataVersionSource {
  /** Returns a number that changes whenever another connection commits. */
  dataVersion(): number;
}
