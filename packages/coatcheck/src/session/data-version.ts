/** Implemented by stores that detect the commits of other processes, such as `sqliteStore()`. */
export interface DataVersionSource {
  /** Returns a number that changes whenever another connection commits. */
  dataVersion(): number;
  /** Whether no other connection can open the database, as for a database in memory. Its version never changes. */
  readonly isPrivate: boolean;
}
