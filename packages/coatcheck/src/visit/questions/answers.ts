import type { CountedKind } from "../event.ts";
import type { Dimension, Filter, Operator } from "./dimensions.ts";

/** Amounts by ISO 4217 currency code, in integer minor units. */
export type Revenue = Readonly<Record<string, number>>;

/** A range of whole local days, both ends included. */
export interface DateRange {
  /** First local day, such as `2026-03-01`. */
  readonly from: string;
  /** Last local day, included. */
  readonly to: string;
  readonly timeZone: string;
}

/** Statistics of a set of visits. */
export interface VisitFigures {
  readonly visitors: number;
  readonly visits: number;
  readonly pageViews: number;
  readonly engaged: number;
  readonly bounced: number;
  /** From 0 to 1; null if there are no visits. */
  readonly engagedRate: number | null;
  /** Milliseconds; null if there are no visits. */
  readonly averageVisibleTime: number | null;
  readonly orders: number;
  readonly convertedVisits: number;
  /** From 0 to 1; null if there are no visits. */
  readonly conversionRate: number | null;
  readonly revenue: Revenue;
}

/** Statistics of a range of days. */
export interface RangeFigures extends VisitFigures {
  readonly newVisitors: number;
  readonly returningVisitors: number;
  /** Number of new visitors whose first visit consists of a single event. */
  readonly singleRequestVisitors: number;
}

/** Statistics of one day or hour. */
export interface SeriesPoint extends VisitFigures {
  readonly newVisitors: number;
  /** The local day, such as `2026-03-29`, or the start of the hour, such as `2026-03-29T03:00:00+02:00`. */
  readonly at: string;
}

/** Number of page requests that were only counted and not stored, such as those of bots, by {@link CountedKind}. */
export type DocumentFigures = Readonly<Record<CountedKind, number>>;

/** Statistics of one range, and of each day or hour in it. */
export interface OverviewPeriod {
  readonly range: DateRange;
  readonly figures: RangeFigures;
  readonly series: readonly SeriesPoint[];
  /** Counts of the tenant, or of all tenants. Filters do not apply, because these documents belong to no visit. */
  readonly documents: DocumentFigures;
}

/** Answer of `questions.overview()`. */
export interface OverviewAnswer extends OverviewPeriod {
  readonly question: "overview";
  readonly grain: "day" | "hour";
  readonly filters: readonly Filter[];
  /**
   * The statistics of the previous range, or of the same range one year earlier; null if the request has no
   * `compare`.
   */
  readonly comparison: OverviewPeriod | null;
}

/** A value, and the number of live visitors that have it. */
export interface LiveRow {
  readonly value: string | null;
  readonly visitors: number;
}

/** Answer of `questions.live()`. */
export interface LiveAnswer {
  readonly question: "live";
  /** When the answer was computed, ISO 8601. */
  readonly at: string;
  /** Visitors with activity that arrived in the last 5 minutes. */
  readonly visitors: number;
  /** The last 30 minutes, oldest first. The last minute ends at `at`. */
  readonly minutes: readonly {
    readonly at: string;
    readonly visitors: number;
    readonly pageViews: number;
  }[];
  /** The pages that live visitors viewed last. Most visitors first, at most 10. */
  readonly pages: readonly LiveRow[];
  /** The sources of the live visitors' visits. Most visitors first, at most 10. */
  readonly sources: readonly LiveRow[];
}

/**
 * Statistics of one value of a dimension. On the dimension `page`, a visit is counted once for each page that it
 * viewed. Visitors, average visible time, orders and revenue are then null, because they do not belong to a page.
 */
export interface BreakdownRow extends Omit<VisitFigures, "visitors" | "orders" | "revenue"> {
  /** Null for visits without a value in this dimension; `(no visit)` for orders that belong to no visit. */
  readonly value: string | null;
  readonly visitors: number | null;
  readonly orders: number | null;
  readonly revenue: Revenue | null;
}

/** Answer of `questions.breakdown()`. */
export interface BreakdownAnswer {
  readonly question: "breakdown";
  readonly dimension: Dimension;
  readonly range: DateRange;
  readonly filters: readonly Filter[];
  /** Most visits first. Values with the same number of visits are in text order, null first. */
  readonly rows: readonly BreakdownRow[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
}

/** A step of a funnel: an event type, with optional conditions on the event's page or properties. */
export interface FunnelStep {
  /** Event type, such as `add_to_cart`. */
  readonly type: string;
  /** Condition on the path of the event's page. */
  readonly page?: { readonly operator: Operator; readonly value: string };
}

/** Statistics of one step. */
export interface FunnelStepFigures {
  readonly step: FunnelStep;
  /** Number of visits or visitors that did this step. */
  readonly count: number;
  /** `count` divided by the count of the first step, from 0 to 1; null if the first step has a count of 0. */
  readonly shareOfFirst: number | null;
  /**
   * Number of visits or visitors that did the previous step but not this step. Null for the first step, and in an open
   * funnel.
   */
  readonly dropOff: number | null;
  /** `dropOff` divided by the count of the previous step, from 0 to 1. Null if `dropOff` is null. */
  readonly dropOffRate: number | null;
  /**
   * Median milliseconds to the next step. Null for the last step. Also null if no visit or visitor did the next step
   * afterwards.
   */
  readonly timeToNext: number | null;
}

/** Answer of `questions.funnel()`. */
export interface FunnelAnswer {
  readonly question: "funnel";
  readonly range: DateRange;
  readonly filters: readonly Filter[];
  readonly mode: "closed" | "open";
  readonly scope: "visit" | "visitor";
  /** A step of a closed funnel counts only if it happened at most this long after the first step, in milliseconds. */
  readonly window: number;
  readonly steps: readonly FunnelStepFigures[];
}

/** Orders and revenue of one source. */
export interface AttributionRow {
  readonly channel: string | null;
  readonly source: string | null;
  readonly campaign: string | null;
  readonly orders: number;
  readonly revenue: Revenue;
}

/** Answer of `questions.attribution()`. */
export interface AttributionAnswer {
  readonly question: "attribution";
  readonly model: "first-touch" | "last-non-direct";
  readonly range: DateRange;
  readonly orders: number;
  readonly revenue: Revenue;
  /** Most orders first. Orders that belong to no visit are in the row whose members are all null. */
  readonly rows: readonly AttributionRow[];
  /** Totals of the rows beyond the limit. */
  readonly rest: { readonly orders: number; readonly revenue: Revenue };
}

/** The visitors whose first visit was in the same week. */
export interface RetentionCohort {
  /** The Monday of the week in which the cohort's first visits took place. */
  readonly week: string;
  readonly visitors: number;
  /** Number of the cohort's visitors who began a visit 0, 1, 2, … weeks later, up to the last week of the range. */
  readonly active: readonly number[];
}

/** Answer of `questions.retention()`. */
export interface RetentionAnswer {
  readonly question: "retention";
  /** Whole weeks, from a Monday to a Sunday. */
  readonly range: DateRange;
  readonly cohorts: readonly RetentionCohort[];
}
