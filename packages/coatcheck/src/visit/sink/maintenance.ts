import type { JsonObject } from "../../session/json.ts";

/** How long each class of data is kept. */
export interface RetentionPeriods {
  /** Days that raw events, and with them journeys, are kept after their arrival. At least 6. Default: 90. */
  readonly eventDays?: number;
  /** Days that whole user agents are kept. Default: 30. */
  readonly userAgentDays?: number;
  /** Calendar months that rollups, visits and counts of documents are kept. Default: 25. */
  readonly rollupMonths?: number;
  /** Calendar months that a visitor is kept without activity, with all visits. Default: 13. */
  readonly visitorMonths?: number;
}

/** Options of {@link VisitMaintenance.expire}. */
export interface ExpireOptions extends RetentionPeriods {
  /** Only counts what would be deleted. Default: false. */
  readonly dryRun?: boolean;
}

/** The numbers of rows that were, or would be, deleted. */
export interface Expired {
  readonly events: number;
  readonly userAgents: number;
  readonly visits: number;
  readonly visitors: number;
  /** Rows of the daily and hourly rollups and of the cohorts. */
  readonly rollups: number;
  readonly documentCounts: number;
}

/** The person whose data is exported or erased. */
export type Person =
  | { readonly visitorId: string; readonly tenant?: string | null }
  | {
      /** The customer or user that sessions were logged in as. */
      readonly subject: string;
      readonly tenant?: string | null;
    };

/** Everything that is stored about a person. Each member is a list of rows, with the columns of its table. */
export interface PersonalData {
  readonly visitors: readonly JsonObject[];
  readonly visits: readonly JsonObject[];
  readonly sessions: readonly JsonObject[];
  readonly journeys: readonly JsonObject[];
  readonly events: readonly JsonObject[];
  readonly orders: readonly JsonObject[];
}

/** Totals of a customer over everything that is kept. */
export interface CustomerTotals {
  readonly orders: number;
  /** Minor units by currency. */
  readonly revenue: Readonly<Record<string, number>>;
  readonly visits: number;
  /** Start of the customer's first visit, epoch milliseconds; null without visits. */
  readonly firstVisitAt: number | null;
  /** Start of the customer's last visit, epoch milliseconds; null without visits. */
  readonly lastVisitAt: number | null;
}

/** Maintenance of stored visits: the service's jobs, and people's requests about their data. */
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
   * Marks every day whose events are still stored as changed, so that `recompute` computes its rollups again. For
   * repair. Earlier days keep their rollups.
   *
   * @returns the number of marked days.
   * @throws CoatcheckError `STORE_UNAVAILABLE`.
   */
  markAllChanged(): Promise<number>;

  /**
   * Deletes what is past its retention, in small steps. May be interrupted and called again.
   *
   * @param now - epoch milliseconds.
   * @throws UsageError for an unknown option or an invalid period.
   * @throws CoatcheckError `STORE_UNAVAILABLE`.
   */
  expire(now: number, options?: ExpireOptions): Promise<Expired>;

  /**
   * Returns everything that is stored about a person. Of a customer: the visits and events that they were logged in
   * during, and their orders. Other customers may have used the same browser, so the rest of its visits is left out.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE`.
   */
  exportPerson(person: Person): Promise<PersonalData>;

  /**
   * Erases a visitor, or every visitor that a customer was ever logged in as: events, visits and the visitor. Orders stay
   * as amounts without a visit, a visitor or a customer. The rollups of the days whose events are still stored are marked as
   * changed; rollups of earlier days are counts without a link to a person, and stay.
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
