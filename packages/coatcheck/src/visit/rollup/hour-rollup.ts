import { revenueOf } from "../facts/facts.ts";
import type { LocalTime } from "../facts/local-time.ts";
import type { HourlyMetricRow } from "../sink/rollup-schema.ts";
import type { VisitOrderRow } from "../sink/schema.ts";
import type { RolledUpVisit } from "./dimensions.ts";

interface HourFigures {
  readonly row: HourlyMetricRow;
  readonly visitors: Set<number>;
  readonly orders: VisitOrderRow[];
}

/** Computes the hourly rollups (precomputed statistics) of a local day. */
export class HourRollup {
  readonly #tenant: string;
  readonly #time: LocalTime;
  readonly #hours = new Map<number, HourFigures>();

  constructor(tenant: string, time: LocalTime) {
    this.#tenant = tenant;
    this.#time = time;
  }

  /** Adds a visit to the hour of its start. */
  addVisit(visit: RolledUpVisit): void {
    const { row, visitors } = this.#hourAt(visit.started_at);
    visitors.add(visit.visitor);
    row.visits++;
    row.engaged += visit.is_engaged;
    row.visible_time += visit.visible_time;
    if (visit.orders > 0) row.converted++;
  }

  addPageView(at: number): void {
    this.#hourAt(at).row.page_views++;
  }

  addOrder(order: VisitOrderRow): void {
    this.#hourAt(order.at).orders.push(order);
  }

  rows(): HourlyMetricRow[] {
    return [...this.#hours.values()].map(({ row, visitors, orders }) => ({
      ...row,
      visitors: visitors.size,
      orders: orders.length,
      revenue: revenueOf(orders),
    }));
  }

  #hourAt(at: number): HourFigures {
    const hour = this.#time.startOfHour(at);
    const figures = this.#hours.get(hour);
    if (figures) return figures;
    const row: HourlyMetricRow = {
      tenant: this.#tenant,
      hour,
      visits: 0,
      visitors: 0,
      engaged: 0,
      converted: 0,
      visible_time: 0,
      page_views: 0,
      orders: 0,
      revenue: "{}",
    };
    const created = { row, visitors: new Set<number>(), orders: [] };
    this.#hours.set(hour, created);
    return created;
  }
}
