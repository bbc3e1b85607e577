/**
 * Counts every figure of a script from the definitions. It shares no code with the library.
 *
 * Where the definitions are not precise, the recount uses these rules:
 *
 * - **Tenants.** A visitor cookie belongs to one site, so no visitor of a script has two tenants.
 * - **Clamped visible time.** Each report is limited to the time since its page was opened. The sum of the reports is
 *   not limited. A report from before its page view adds nothing.
 * - **Late beacons.** The 48 hours begin at the last activity of the page's visit.
 * - **A page view with a repeated page id** is an activity, but is not counted as a page view.
 * - **Entry page**: the page of the visit's first event that has one. **Exit page**: the page of the last page view;
 *   without a page view, the entry page.
 * - **A first event without a source** begins a Direct visit.
 * - **The session's last visit**: among the visitor's visits that contain a browser event of the session, the visit
 *   that began last. After an opt-out and an opt-in, an event of the new visitor joins no visit of the old one.
 * - **Events of a visit** include its backend events. They affect engagement, funnels and the visit's customer.
 * - **Customer of a visit**: the subject of its last event with a subject. Reports of visible time are ignored.
 * - **Visible time by day**: belongs to the local day of the visit's start.
 * - **Conversion rate of a day**: the rate of the visits that start on that day, even if their orders follow later.
 * - **Visitors under a filter**: visitors whose first visit in the range matches. Therefore the rows of a breakdown add
 *   up to the total.
 * - **90 days**: from the start of one visit to the start of the other, inclusive.
 * - **Orders by channel, source, medium and campaign**: by the values that were stored with the order. Visits are
 *   counted by their current values.
 * - **An order that arrives before its visit** has no source: it was stored as "(no visit)".
 * - **Customer of an order**: the customer that its event names, else the customer of its visit.
 * - **Time to next in an open funnel**: between the first occurrences of both steps, unless the next step came earlier.
 * - **Funnel by visitor**: over all events of the visitor's visits that start in the range.
 * - **Visits of a page**: visits that start in the range and viewed the page at any time.
 * - **A visitor with a single request** has a first visit of one event. A report of visible time is an event too.
 * - **Retention**: contains the cohorts whose week is in the range, and each later week in the range.
 */
import type { CountedKind } from "../../../src/visit/event.ts";
import { Calendar, startOfHour } from "./calendar.ts";
import type { DeliveredBatch } from "./delivery.ts";
import { type Condition, orderMeets, valueOfOrder, valueOfVisit, visitMeets } from "./dimensions.ts";
import { type CountedOrder, collectOrders, customerOfOrder, type Revenue, sumRevenue } from "./orders.ts";
import { type Action, MINUTE, type Script } from "./script.ts";
import {
  customerOf,
  isConverted,
  isEngaged,
  recountVisits,
  removeRepeatedOrders,
  type Visit,
  visibleTimeOf,
} from "./visits.ts";

/** A range of local days, both ends included. */
export interface Range {
  readonly from: string;
  readonly to: string;
}

/** The figures of a range, a day, an hour or a dimension's value. */
export interface Figures {
  readonly visits: number;
  readonly visitors: number;
  readonly newVisitors: number;
  readonly returningVisitors: number;
  /** Number of visitors whose first visit is in the period and consists of a single event. */
  readonly singleRequestVisitors: number;
  readonly pageViews: number;
  readonly engaged: number;
  readonly bounced: number;
  readonly visibleTime: number;
  /** Number of visits with at least one order. */
  readonly converted: number;
  readonly orders: number;
  readonly revenue: Revenue;
}

/** The figures of one page path. */
export interface PageFigures {
  readonly visits: number;
  readonly pageViews: number;
  readonly engaged: number;
  readonly bounced: number;
  readonly converted: number;
}

/** The totals of one customer. */
export interface CustomerTotals {
  readonly visits: number;
  readonly orders: number;
  readonly revenue: Revenue;
  readonly firstVisit: number | null;
  readonly lastVisit: number | null;
}

/** Computes the figures of the actions that have been delivered. */
export class Recount {
  readonly visits: readonly Visit[];
  readonly orders: readonly CountedOrder[];
  readonly calendar: Calendar;
  readonly #documents: Script["documents"];
  readonly #arrived: readonly Action[];

  constructor(script: Script, delivered: readonly DeliveredBatch[], timeZone = "UTC") {
    this.calendar = new Calendar(timeZone);
    this.#arrived = removeRepeatedOrders(delivered.flatMap(({ actions }) => actions));
    this.#documents = script.documents;
    const { visits } = recountVisits(this.#arrived);
    this.visits = visits.toSorted((left, right) => left.start - right.start || (left.id < right.id ? -1 : 1));
    this.orders = collectOrders(this.#arrived, this.visits, delivered);
  }

  /** Returns the figures of a range of local days. */
  overview(range: Range, conditions: readonly Condition[] = []): Figures {
    return this.#figures((at) => this.#isIn(range, at), conditions);
  }

  /** Returns the figures of each local day with activity in a range. */
  byDay(range: Range): Map<string, Figures> {
    return this.#byPeriod(range, (at) => this.calendar.dayOf(at));
  }

  /**
   * Returns the figures of each hour with activity in a range. The key is the start of the hour in epoch milliseconds.
   */
  byHour(range: Range): Map<number, Figures> {
    return this.#byPeriod(range, startOfHour);
  }

  /** Returns the figures of each value of a dimension. */
  breakdown(
    dimension: string,
    range: Range,
    conditions: readonly Condition[] = [],
  ): Map<string | null, Figures> {
    const values = new Set([
      ...this.visits.map((visit) => valueOfVisit(visit, dimension)),
      ...this.orders.map((order) => valueOfOrder(order, dimension)),
    ]);
    const rows = [...values].map((value) => {
      const figures = this.overview(range, [...conditions, { dimension, operator: "is", value }]);
      return [value, figures] as const;
    });
    return new Map(rows.filter(([, { visits, pageViews, orders }]) => visits + pageViews + orders > 0));
  }

  /** Returns for each path the number of its views and the number of visits that viewed it. */
  pageFigures(range: Range): Map<string, PageFigures> {
    const paths = new Set(this.visits.flatMap(({ pages }) => pages.map(({ path }) => path)));
    const rows = [...paths].map((path) => {
      const visits = this.visitsIn(range).filter(({ pages }) => pages.some((page) => page.path === path));
      const views = this.visits.flatMap(({ pages }) =>
        pages.filter((page) => page.path === path && this.#isIn(range, page.at)),
      );
      const engaged = visits.filter(isEngaged).length;
      return [
        path,
        {
          visits: visits.length,
          pageViews: views.length,
          engaged,
          bounced: visits.length - engaged,
          converted: visits.filter(isConverted).length,
        },
      ] as const;
    });
    return new Map(rows.filter(([, { visits, pageViews }]) => visits + pageViews > 0));
  }

  /** Returns the totals of each customer in the whole script. */
  customerTotals(): Map<string, CustomerTotals> {
    const names = new Set([...this.visits.map(customerOf), ...this.orders.map(customerOfOrder)]);
    const rows = new Map<string, CustomerTotals>();
    for (const name of names) {
      if (name === null) continue;
      const visits = this.visits.filter((visit) => customerOf(visit) === name);
      const orders = this.orders.filter((order) => customerOfOrder(order) === name);
      rows.set(name, {
        visits: visits.length,
        orders: orders.length,
        revenue: sumRevenue(orders),
        firstVisit: visits.at(0)?.start ?? null,
        lastVisit: visits.at(-1)?.start ?? null,
      });
    }
    return rows;
  }

  /** Returns the numbers of documents that were counted but not tracked, by kind. */
  documentCounts(range: Range): Map<CountedKind, number> {
    const counted = this.#documents.filter(({ at }) => this.#isIn(range, startOfHour(at)));
    return countBy(counted, ({ kind }) => kind);
  }

  /**
   * Returns the cohorts: week of the first visit → the same or a later week → number of the cohort's visitors who began
   * a visit in that week.
   */
  retention(range: Range): Map<string, Map<string, number>> {
    const byVisitor = Map.groupBy(this.visits, ({ visitor }) => visitor);
    const cohorts = new Map<string, Map<string, number>>();
    for (const visits of byVisitor.values()) {
      const weeks = [...new Set(visits.map(({ start }) => this.calendar.weekOf(start)))].sort();
      const [cohort] = weeks;
      if (cohort === undefined || cohort < range.from || cohort > range.to) continue;
      const row = cohorts.get(cohort) ?? new Map<string, number>();
      for (const week of weeks.filter((active) => active <= range.to))
        row.set(week, (row.get(week) ?? 0) + 1);
      cohorts.set(cohort, row);
    }
    return cohorts;
  }

  /** Returns the number of visitors with activity that arrived in the five minutes before `now`. */
  liveVisitors(now: number): number {
    const recent = this.#arrived.filter(
      ({ receivedAt, isFromBackend }) => !isFromBackend && receivedAt > now - 5 * MINUTE && receivedAt <= now,
    );
    return new Set(recent.map(({ visitor }) => visitor)).size;
  }

  /** Returns the visits that start in a range. */
  visitsIn(range: Range): Visit[] {
    return this.visits.filter(({ start }) => this.#isIn(range, start));
  }

  #isIn({ from, to }: Range, at: number): boolean {
    const day = this.calendar.dayOf(at);
    return from <= day && day <= to;
  }

  #byPeriod<Period>(range: Range, periodOf: (at: number) => Period): Map<Period, Figures> {
    const times = [
      ...this.visits.flatMap(({ start, pages }) => [start, ...pages.map(({ at }) => at)]),
      ...this.orders.map(({ action }) => action.at),
    ].filter((at) => this.#isIn(range, at));
    const periods = [...new Set(times.map(periodOf))];
    return new Map(periods.map((period) => [period, this.#figures((at) => periodOf(at) === period, [])]));
  }

  #figures(isIn: (at: number) => boolean, conditions: readonly Condition[]): Figures {
    const matches = (visit: Visit) => visitMeets(visit, conditions);
    const inPeriod = this.visits.filter(({ start }) => isIn(start));
    const visits = inPeriod.filter(matches);
    const newVisitors = visits.filter(({ isFirst }) => isFirst);
    const orders = this.orders.filter((order) => isIn(order.action.at) && orderMeets(order, conditions));
    const pages = this.visits.filter(matches).flatMap((visit) => visit.pages.filter(({ at }) => isIn(at)));
    const engaged = visits.filter(isEngaged).length;
    return {
      visits: visits.length,
      visitors: firstOfEachVisitor(inPeriod).filter(matches).length,
      newVisitors: newVisitors.length,
      returningVisitors: firstOfEachVisitor(inPeriod.filter(({ isFirst }) => !isFirst)).filter(matches)
        .length,
      singleRequestVisitors: newVisitors.filter(
        ({ actions, beaconCount }) => actions.length + beaconCount === 1,
      ).length,
      pageViews: pages.length,
      engaged,
      bounced: visits.length - engaged,
      visibleTime: visits.reduce((sum, visit) => sum + visibleTimeOf(visit), 0),
      converted: visits.filter(isConverted).length,
      orders: orders.length,
      revenue: sumRevenue(orders),
    };
  }
}

/** Returns the first visit of each visitor. */
function firstOfEachVisitor(visits: readonly Visit[]): Visit[] {
  return [...Map.groupBy(visits, ({ visitor }) => visitor).values()].flatMap((all) => all.slice(0, 1));
}

/** Returns the number of items for each key. */
function countBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, number> {
  return new Map([...Map.groupBy(items, keyOf)].map(([key, all]) => [key, all.length]));
}
