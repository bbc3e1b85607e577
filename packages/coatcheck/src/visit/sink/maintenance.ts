import type { JsonObject } from "../../session/json.ts";

/** How long each kind of data is stored. */
export interface RetentionPeriods {
  /**
   * Days for which raw events and journeys (each visit's list of events) are kept after their arrival. At least 6.
   * Default: 90.
   */
  readonly eventDays?: number;
  /** Days for which complete user agents are kept. Default: 30. */
  readonly userAgentDays?: number;
  /** Calendar months for which rollups, visits and document counts are kept. Default: 25. */
  readonly rollupMonths?: number;
  /** Calendar months for which a visitor and their visits are kept after the last activity. Default: 13. */
  readonly visitorMonths?: number;
}

/** Options of {@link VisitMaintenance.expire}. */
export interface ExpireOptions extends RetentionPeriods {
  /** If true, only counts what would be deleted. Default: false. */
  readonly dryRun?: boolean;
}

/** The numbers of rows that were deleted or, in a dry run, would be deleted. */
export interface Expired {
  readonly events: number;
  readonly userAgents: number;
  readonly visits: number;
  readonly visitors: number;
  /** Number of rows of the daily and hourly rollups and of the weekly cohorts. */
  readonly rollups: number;
  readonly documentCounts: number;
}

/** The person whose data is exported or erased: a visitor or a customer. */
export type Person =
  | { readonly visitorId: string; readonly tenant?: string | null }
  | {
      /** The customer or user: the `subject` of the sessions. */
      readonly subject: string;
      readonly tenant?: string | null;
    };

/** All stored data about a person. Each member is a list of rows, with the columns of its table. */
export interface PersonalData {
  readonly visitors: readonly JsonObject[];
  readonly visits: readonly JsonObject[];
  readonly sessions: readonly JsonObject[];
  readonly journeys: readonly JsonObject[];
  readonly events: readonly JsonObject[];
  readonly orders: readonly JsonObject[];
}

/** Totals of all stored orders and visits of a customer. */
export interface CustomerTotals {
  readonly orders: number;
  /** Minor units by currency. */
  readonly revenue: Readonly<Record<string, number>>;
  readonly visits: number;
  /** Start of the customer's first visit, epoch milliseconds; null if there are no visits. */
  readonly firstVisitAt: number | null;
  /** Start of the customer's last visit, epoch milliseconds; null if there are no visits. */
  readonly lastVisitAt: number | null;
}

/** Maintenance of stored visits: periodic jobs, and people's requests for export and erasure. */
export interface VisitMaintenance {
  /**
   * Recomputes the rollups (precomputed statistics) of up to `limit` days that have changed, oldest change first. If it
   * is never called, answers are correct but slower, because they are computed from the visits of the changed days.
   *
   * @returns the number of recomputed days; less than `limit` when all days are up to date.
   * @throws CoatcheckError `STORE_UNAVAILABLE`.
   */
  recompute(limit: number): Promise<number>;

  /**
   * Marks as changed every day whose events are still stored, so that `recompute` repairs its rollups (precomputed
   * statistics). Does not change the rollups of earlier days.
   *
   * @returns the number of marked days.
   * @throws CoatcheckError `STORE_UNAVAILABLE`.
   */
  markAllChanged(): Promise<number>;

  /**
   * Deletes data that exceeds its retention period, in small steps. May be interrupted and called again.
   *
   * @param now - epoch milliseconds.
   * @throws UsageError for an unknown option or an invalid period.
   * @throws CoatcheckError `STORE_UNAVAILABLE`.
   */
  expire(now: number, options?: ExpireOptions): Promise<Expired>;

  /**
   * Returns everything that is stored about a person. For a customer, it returns their orders, and the visits and
   * events during which they were logged in. It omits other visits of the same browser, because other customers may
   * have used it.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE`.
   */
  exportPerson(person: Person): Promise<PersonalData>;

  /**
   * Erases a visitor with their events and visits. For a customer, erases every visitor that was ever logged in as
   * this customer. Orders are kept as amounts without a visit, visitor or customer. Days whose events are still
   * stored are marked as changed. The rollups of earlier days are kept, because they contain no link to a person.
   *
   * @returns the number of erased visitors.
   * @throws CoatcheckError `STORE_UNAVAILABLE`.
   */
  erasePerson(person: Person): Promise<number>;

  /**
   * Returns the totals of a customer.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE`.
   */
  customerTotals(tenant: string | null, subject: string): Promise<CustomerTotals>;
}
