/** What the service's jobs do with stored visits. */
export interface VisitMaintenance {
  /**
   * Recomputes the rollups of up to `limit` days that have changed, the oldest change first. Figures are right without it,
   * but slower: questions read the facts of changed days.
   *
   * @returns the number of recomputed days; less than `limit` once every day is up to date.
   * @throws CoatcheckError `STORE_UNAVAILABLE`.
   */
  recompute(limit: number): Promise<number>;

  /**
   * Marks every day with visits, orders or rollups as changed, so that `recompute` computes all rollups anew. For repair.
   *
   * @returns the number of marked days.
   * @throws CoatcheckError `STORE_UNAVAILABLE`.
   */
  markAllChanged(): Promise<number>;
}
