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

/** The figures of a set of visits. */
export interface VisitFigures {
  readonly visitors: number;
  readonly visits: number;
  readonly pageViews: number;
  readonly engaged: number;
  readonly bounced: number;
  /** From 0 to 1; null without visits. */
  readonly engagedRate: number | null;
  /** Milliseconds; null without visits. */
  readonly averageVisibleTime: number | null;
  readonly orders: number;
  readonly convertedVisits: number;
  /** From 0 to 1; null without visits. */
  readonly conversionRate: number | null;
  readonly revenue: Revenue;
}

/** The figures of a whole range. */
export interface RangeFigures extends VisitFigures {
  readonly newVisitors: number;
  readonly returningVisitors: number;
  /** New visitors whose first visit is a single event. */
  readonly singleRequestVisitors: number;
}

/** The figures of a day or an hour. */
export interface SeriesPoint extends VisitFigures {
  readonly newVisitors: number;
  /** The local day, such as `2026-03-29`, or the beginning of the hour, such as `2026-03-29T03:00:00+02:00`. */
  readonly at: string;
}

/** Documents that were counted and not stored, by kind. */
export type DocumentFigures = Readonly<Record<CountedKind, number>>;

/** The figures of one range, with those of each day or hour. */
export interface OverviewPeriod {
  readonly range: DateRange;
  readonly figures: RangeFigures;
  readonly series: readonly SeriesPoint[];
  /** Of the whole installation or tenant. Filters do not apply, because these documents have no visit. */
  readonly documents: DocumentFigures;
}

/** Answer to the question `overview`. */
export interface OverviewAnswer extends OverviewPeriod {
  readonly question: "overview";
  readonly grain: "day" | "hour";
  readonly filters: readonly Filter[];
  /** The same figures of the range before, or of a year before; null if the request has no `compare`. */
  readonly comparison: OverviewPeriod | null;
}

/** A value and the live visitors that have it. */
export interface LiveRow {
  readonly value: string | null;
  readonly visitors: number;
}

/** Answer to the question `live`. */
export interface LiveAnswer {
  readonly question: "live";
  /** Time of the answer, ISO 8601. */
  readonly at: string;
  /** Distinct visitors with activity that arrived in the last 5 minutes. */
  readonly visitors: number;
  /** The last thirty minutes, oldest first; the last one ends at the `at` of the answer. */
  readonly minutes: readonly {
    readonly at: string;
    readonly visitors: number;
    readonly pageViews: number;
  }[];
  /** The page that each live visitor viewed last, most visitors first, at most 10. */
  readonly pages: readonly LiveRow[];
  /** The source of each live visitor's visit, most visitors first, at most 10. */
  readonly sources: readonly LiveRow[];
}

/**
 * One value of a dimension. On the dimension `page`, visits count once for each page that they viewed, and a page has no
 * visitors, average visible time, orders or revenue of its own: these are null.
 */
export interface BreakdownRow extends Omit<VisitFigures, "visitors" | "orders" | "revenue"> {
  /** Null for visits that have no value there; `(no visit)` for orders that belong to no visit. */
  readonly value: string | null;
  readonly visitors: number | null;
  readonly orders: number | null;
  readonly revenue: Revenue | null;
}

/** Answer to the question `breakdown`. */
export interface BreakdownAnswer {
  readonly question: "breakdown";
  readonly dimension: Dimension;
  readonly range: DateRange;
  readonly filters: readonly Filter[];
  /** Most visits first; values with the same number of visits in the order of their texts, null first. */
  readonly rows: readonly BreakdownRow[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
}

/** A step of a funnel: an event type, and where the page or a property matters, conditions on them. */
export interface FunnelStep {
  /** Event type, such as `add_to_cart`. */
  readonly type: string;
  /** Condition on the path of the event's page. */
  readonly page?: { readonly operator: Operator; readonly value: string };
}

/** The figures of one step. */
export interface FunnelStepFigures {
  readonly step: FunnelStep;
  /** Visits or visitors that did it. */
  readonly count: number;
  /** Share of the first step, from 0 to 1; null if the first step has a count of 0. */
  readonly shareOfFirst: number | null;
  /** Visits or visitors that did the step before and not this one; null for the first step, and in an open funnel. */
  readonly dropOff: number | null;
  /** Share of the step before, from 0 to 1; null where `dropOff` is. */
  readonly dropOffRate: number | null;
  /** Median milliseconds to the next step; null for the last step, and if no visit or visitor did both steps. */
  readonly timeToNext: number | null;
}

/** Answer to the question `funnel`. */
export interface FunnelAnswer {
  readonly question: "funnel";
  readonly range: DateRange;
  readonly filters: readonly Filter[];
  readonly mode: "closed" | "open";
  readonly scope: "visit" | "visitor";
  /** Milliseconds. */
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

/** Answer to the question `attribution`. */
export interface AttributionAnswer {
  readonly question: "attribution";
  readonly model: "first-touch" | "last-non-direct";
  readonly range: DateRange;
  readonly orders: number;
  readonly revenue: Revenue;
  /** Most orders first. Orders without a visit are in the row whose members are all null. */
  readonly rows: readonly AttributionRow[];
  /** The totals of the rows past the limit. */
  readonly rest: { readonly orders: number; readonly revenue: Revenue };
}

/** Visitors whose first visit was in one week. */
export interface RetentionCohort {
  /** The Monday of the week. */
  readonly week: string;
  readonly visitors: number;
  /** Visitors of the cohort who began a visit 0, 1, 2, … weeks later, up to the last week of the range. */
  readonly active: readonly number[];
}

/** Answer to the question `retention`. */
export interface RetentionAnswer {
  readonly question: "retention";
  /** Whole weeks: from a Monday to a Sunday. */
  readonly range: DateRange;
  readonly cohorts: readonly RetentionCohort[];
}
