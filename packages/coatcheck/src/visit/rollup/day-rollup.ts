import type { LocalTime } from "../facts/local-time.ts";
import {
  type DailyMetricRow,
  type DailyRevenueRow,
  type DailyVisitorRow,
  type DailyWaitRow,
  type HourlyMetricRow,
  NO_PREVIOUS_DAY,
  NO_VISIT,
  ROLLUP_DIMENSIONS,
  type RollupDimension,
} from "../sink/rollup-schema.ts";
import type { BackendEventRow, VisitOrderRow } from "../sink/schema.ts";
import { type RolledUpVisit, rollupValueOf, VISIT_DIMENSIONS } from "./dimensions.ts";
import { HourRollup } from "./hour-rollup.ts";
import { WaitRollup } from "./wait-rollup.ts";

/** The rollup (precomputed statistics) of one day. These rows replace all stored rows of the day. */
export interface DayRows {
  readonly metrics: DailyMetricRow[];
  readonly revenue: DailyRevenueRow[];
  readonly visitors: DailyVisitorRow[];
  readonly waits: DailyWaitRow[];
  readonly hours: HourlyMetricRow[];
}

type MetricFigures = Omit<DailyMetricRow, "tenant" | "dimension" | "day" | "value">;

type VisitorFigures = Pick<DailyVisitorRow, "visitors" | "returning_visitors">;

interface ValueGroup {
  readonly metric: MetricFigures;
  /** The visitors of the day by `previous_day`. */
  readonly visitors: Map<number, VisitorFigures>;
  readonly revenue: Map<string, number>;
}

/** Largest sum that is stored: a round number below the limit of a 64-bit column. */
const MAX_STORED_REVENUE = 9e18;

/** Longest value in code points. An index entry of PostgreSQL has at most 2.7 KB. */
const MAX_VALUE_LENGTH = 512;

function truncateValue(value: string): string {
  return [...value].slice(0, MAX_VALUE_LENGTH).join("");
}

/** An event in a visit's journey (its list of events). */
type JourneyEntry = readonly [after: number, type: string, path?: string | null];

/** Computes the rollup (precomputed statistics) of one tenant's day. Does not access a database. */
export class DayRollup {
  readonly #tenant: string;
  readonly #day: number;
  readonly #time: LocalTime;
  readonly #groups = Object.fromEntries(
    ROLLUP_DIMENSIONS.map((dimension) => [dimension, new Map()]),
  ) as Record<RollupDimension, Map<string, ValueGroup>>;
  readonly #hours: HourRollup;
  readonly #waits: WaitRollup;

  constructor(tenant: string, day: number, time: LocalTime) {
    this.#tenant = tenant;
    this.#day = day;
    this.#time = time;
    this.#hours = new HourRollup(tenant, time);
    this.#waits = new WaitRollup(tenant, day);
  }

  /**
   * Adds a visit that started on the day, or that started earlier and has page views on the day.
   *
   * @param journey - the visit's list of events; null if it has been deleted. All page views are then counted on the
   *   day of the start.
   */
  addVisit(visit: RolledUpVisit, journey: string | null): void {
    const startsHere = visit.local_day === this.#day;
    const steps: readonly JourneyEntry[] = journey === null ? [] : JSON.parse(journey);
    const views = steps.filter(([, type, path]) => type === "page_view" && path !== undefined);
    const viewsOfDay =
      visit.last_day === visit.local_day ? views : views.filter((step) => this.#isOnDay(visit, step));
    const pageViews = journey === null ? (startsHere ? visit.page_views : 0) : viewsOfDay.length;
    for (const dimension of VISIT_DIMENSIONS) {
      const group = this.#groupOf(dimension, rollupValueOf(visit, dimension));
      group.metric.page_views += pageViews;
      if (startsHere) addStartedVisit(group, visit);
    }
    for (const [, , path] of viewsOfDay) this.#groupOf("page", path ?? "").metric.page_views++;
    for (const [after] of viewsOfDay) this.#hours.addPageView(visit.started_at + after);
    if (!startsHere) return;
    for (const path of new Set(views.map(([, , path]) => path ?? ""))) {
      addFigures(this.#groupOf("page", path).metric, visit);
    }
    const types = new Map<string, number>();
    for (const [, type] of steps) types.set(type, (types.get(type) ?? 0) + 1);
    for (const [type, events] of types) {
      const { metric } = this.#groupOf("event", type);
      addFigures(metric, visit);
      metric.events += events;
    }
    this.#hours.addVisit(visit);
    this.#waits.addVisit(visit);
  }

  /** Adds an order of the day. `visit` is null for an order without a visit. */
  addOrder(order: VisitOrderRow, visit: RolledUpVisit | null): void {
    for (const dimension of VISIT_DIMENSIONS) {
      const group = this.#groupOf(dimension, valueOfOrder(order, visit, dimension));
      group.metric.orders++;
      group.revenue.set(order.currency, (group.revenue.get(order.currency) ?? 0) + order.revenue);
    }
    this.#hours.addOrder(order);
  }

  /** Adds a backend event of the day that belongs to no visit. */
  addEventWithoutVisit({ type }: Pick<BackendEventRow, "type">): void {
    for (const dimension of VISIT_DIMENSIONS) {
      this.#groupOf(dimension, dimension === "" ? "" : NO_VISIT).metric.events++;
    }
    this.#groupOf("event", type).metric.events++;
  }

  /** Returns the rows of the day, except for rows with only zeros. */
  rows(): DayRows {
    const [hours, waits] = [this.#hours.rows(), this.#waits.rows()];
    const rows: DayRows = { metrics: [], revenue: [], visitors: [], waits, hours };
    const [tenant, day] = [this.#tenant, this.#day];
    for (const dimension of ROLLUP_DIMENSIONS) {
      for (const [value, { metric, revenue, visitors }] of this.#groups[dimension]) {
        const key = { tenant, dimension, day, value };
        if (isZeroMetric(metric)) continue;
        rows.metrics.push({ ...key, ...metric });
        for (const [currency, amount] of revenue) {
          rows.revenue.push({ ...key, currency, revenue: Math.min(amount, MAX_STORED_REVENUE) });
        }
        for (const [previous_day, figures] of visitors) {
          rows.visitors.push({ ...key, previous_day, ...figures });
        }
      }
    }
    return rows;
  }

  #isOnDay(visit: RolledUpVisit, [after]: JourneyEntry): boolean {
    return this.#time.dayOf(visit.started_at + after) === this.#day;
  }

  #groupOf(dimension: RollupDimension, fullValue: string): ValueGroup {
    const value = fullValue.length > MAX_VALUE_LENGTH ? truncateValue(fullValue) : fullValue;
    const groups = this.#groups[dimension];
    let group = groups.get(value);
    if (!group) {
      group = { metric: createEmptyMetric(), visitors: new Map(), revenue: new Map() };
      groups.set(value, group);
    }
    return group;
  }
}

/**
 * Returns the dimension's value for an order, such as its country. The first-touch and last-non-direct sources are
 * stored with the order. Other dimensions are read from the order's visit.
 */
function valueOfOrder(order: VisitOrderRow, visit: RolledUpVisit | null, dimension: RollupDimension): string {
  if (dimension === "") return "";
  if (visit === null) return NO_VISIT;
  if (!(dimension in order)) return rollupValueOf(visit, dimension);
  if (order.last_channel === null) return NO_VISIT;
  return String(order[dimension as keyof VisitOrderRow] ?? "");
}

function addStartedVisit({ metric, visitors }: ValueGroup, visit: RolledUpVisit): void {
  addFigures(metric, visit);
  metric.events += visit.events;
  if (visit.previous_day === null && visit.events === 1) metric.single_request++;
  const previous = visit.previous_day ?? NO_PREVIOUS_DAY;
  if (previous < visit.local_day) visitorFiguresAfter(visitors, previous).visitors++;
  if (visit.previous_day === null) return;
  const previousReturn = visit.is_second ? NO_PREVIOUS_DAY : visit.previous_day;
  if (previousReturn < visit.local_day) visitorFiguresAfter(visitors, previousReturn).returning_visitors++;
}

function visitorFiguresAfter(visitors: ValueGroup["visitors"], previousDay: number): VisitorFigures {
  let figures = visitors.get(previousDay);
  if (!figures) {
    figures = { visitors: 0, returning_visitors: 0 };
    visitors.set(previousDay, figures);
  }
  return figures;
}

/** Adds the figures that are counted once per visit. */
function addFigures(metric: MetricFigures, visit: RolledUpVisit): void {
  metric.visits++;
  metric.engaged += visit.is_engaged;
  metric.visible_time += visit.visible_time;
  if (visit.orders > 0) metric.converted++;
  if (visit.product_view_at !== null) metric.product_view++;
  if (visit.add_to_cart_at !== null) metric.add_to_cart++;
  if (visit.begin_checkout_at !== null) metric.begin_checkout++;
  if (visit.order_at !== null) metric.order_completed++;
  if (visit.closed_add_to_cart_at !== null) metric.closed_add_to_cart++;
  if (visit.closed_begin_checkout_at !== null) metric.closed_begin_checkout++;
  if (visit.closed_order_at !== null) metric.closed_order_completed++;
}

function createEmptyMetric(): MetricFigures {
  return {
    visits: 0,
    engaged: 0,
    converted: 0,
    visible_time: 0,
    single_request: 0,
    page_views: 0,
    events: 0,
    orders: 0,
    product_view: 0,
    add_to_cart: 0,
    begin_checkout: 0,
    order_completed: 0,
    closed_add_to_cart: 0,
    closed_begin_checkout: 0,
    closed_order_completed: 0,
  };
}

function isZeroMetric(metric: MetricFigures): boolean {
  return metric.visits === 0 && metric.page_views === 0 && metric.events === 0 && metric.orders === 0;
}
