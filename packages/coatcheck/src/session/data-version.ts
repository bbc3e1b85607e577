/** Implemented by stores that detect the commits of other processes, such as `sqliteStore()`. */
export interface DataVersionSource {
  /** Returns a number that changes whenever another connection commits. */
  dataVersion(): number;
  /** Whether the database is in memory, so that no other connection can open it and its version never changes. */
  readonly isPrivate: boolean;
}
