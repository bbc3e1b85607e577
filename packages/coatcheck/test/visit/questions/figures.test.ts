import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type BreakdownRow,
  createQuestions,
  type Dimension,
  type Filter,
  type Questions,
  type SeriesPoint,
  type VisitFigures,
} from "../../../src/visit/questions/index.ts";
import { describeWithServer } from "../../servers/fixtures.ts";
import { DIMENSIONS, valueOfVisit } from "../recount/dimensions.ts";
import type { Figures } from "../recount/recount.ts";
import { MONTH, MONTH_END, TIME_ZONE } from "../recount/traffic.ts";
import { fillPostgres, fillSqlite, type LoadedDatabase } from "./load.ts";
import { generateMonth, type Traffic } from "./month.ts";

/** All dimensions for which a visit has exactly one value. */
const DIMENSION_NAMES = DIMENSIONS as readonly Dimension[];

function expectedOverview(figures: Figures): VisitFigures {
  const { visits, engaged, converted, visibleTime } = figures;
  return {
    visitors: figures.visitors,
    visits,
    pageViews: figures.pageViews,
    engaged,
    bounced: figures.bounced,
    engagedRate: visits ? engaged / visits : null,
    averageVisibleTime: visits ? visibleTime / visits : null,
    orders: figures.orders,
    convertedVisits: converted,
    conversionRate: visits ? converted / visits : null,
    revenue: figures.revenue,
  };
}

function isEmpty({ visits, pageViews, orders }: SeriesPoint): boolean {
  return visits + pageViews + orders === 0;
}

function describeFigures({ script, recount }: Traffic, load: () => Promise<LoadedDatabase>): void {
  let loaded: LoadedDatabase;
  let questions: Questions;

  beforeAll(async () => {
    loaded = await load();
    const clock = { now: () => MONTH_END };
    questions = createQuestions(loaded.database, { timeZone: TIME_ZONE, clock, timeBudget: 20_000 });
  });

  afterAll(async () => {
    await questions.close();
    await loaded.remove();
  });

  async function allRows(dimension: Dimension, filters: readonly Filter[] = []): Promise<BreakdownRow[]> {
    const rows: BreakdownRow[] = [];
    let cursor: string | null = null;
    do {
      const answer = await questions.breakdown({ dimension, ...MONTH, filters, limit: 3, cursor });
      rows.push(...answer.rows);
      cursor = answer.next;
    } while (cursor !== null);
    return rows;
  }

  it("overview() returns the figures of the month", async () => {
    const { figures, documents, comparison } = await questions.overview(MONTH);
    const total = recount.overview(MONTH);
    expect(figures).toMatchObject({
      ...expectedOverview(total),
      newVisitors: total.newVisitors,
      returningVisitors: total.returningVisitors,
      singleRequestVisitors: total.singleRequestVisitors,
    });
    expect(documents).toEqual(Object.fromEntries(recount.documentCounts(MONTH)));
    expect(comparison).toBeNull();
    expect(Math.min(figures.returningVisitors, figures.singleRequestVisitors)).toBeGreaterThan(0);
  });

  it("overview() counts new and returning visitors of any range of days", async () => {
    const starts = Array.from({ length: 10 }, (_, index) => index * 3 + 1);
    const dateOf = (day: number) => `2026-10-${String(day).padStart(2, "0")}`;
    for (const [start, length] of starts.flatMap((day) => [1, 4, 10].map((each) => [day, each] as const))) {
      const range = { from: dateOf(start), to: dateOf(Math.min(start + length - 1, 31)) };
      const { visitors, newVisitors, returningVisitors } = recount.overview(range);
      const { figures } = await questions.overview({ ...range, grain: "day" });
      expect({ range, ...figures }).toMatchObject({ range, visitors, newVisitors, returningVisitors });
    }
  });

  it("overview() returns the figures of each day, including a day of 25 hours", async () => {
    const { series, grain } = await questions.overview(MONTH);
    const days = recount.byDay(MONTH);
    expect(grain).toBe("day");
    expect(series.map(({ at }) => at)).toEqual([...days.keys()].sort());
    for (const { at, newVisitors, ...figures } of series) {
      const day = days.get(at);
      expect({ at, ...figures }).toEqual({ at, ...(day && expectedOverview(day)) });
      expect(newVisitors).toBe(day?.newVisitors);
    }
  });

  it("overview() returns the figures of each hour, also on a day of 25 hours", async () => {
    const range = { from: "2026-10-25", to: "2026-10-25" };
    const { series, grain } = await questions.overview(range);
    expect(grain).toBe("hour");
    expect(series).toHaveLength(25);
    expect(series.map(({ at }) => at).slice(1, 4)).toEqual([
      "2026-10-25T01:00:00+02:00",
      "2026-10-25T02:00:00+02:00",
      "2026-10-25T02:00:00+01:00",
    ]);
    const hours = recount.byHour(range);
    const found = series.filter((point) => !isEmpty(point));
    expect(found.map(({ at }) => Date.parse(at))).toEqual([...hours.keys()].sort());
    for (const { at, newVisitors, ...figures } of found) {
      const hour = hours.get(Date.parse(at));
      expect({ at, ...figures }).toEqual({ at, ...(hour && expectedOverview(hour)) });
      expect(newVisitors).toBe(hour?.newVisitors);
    }
  });

  it("overview() compares a range with the same number of days before it, and with the same days one year earlier", async () => {
    const range = { from: "2026-10-11", to: "2026-10-20" };
    const before = { from: "2026-10-01", to: "2026-10-10" };
    const previous = await questions.overview({ ...range, compare: "previous" });
    expect(previous.comparison?.range).toEqual({ ...before, timeZone: TIME_ZONE });
    expect(previous.comparison?.figures).toMatchObject(expectedOverview(recount.overview(before)));
    expect(previous.comparison?.series).toHaveLength(10);
    const year = await questions.overview({ ...range, compare: "year" });
    expect(year.comparison?.range).toMatchObject({ from: "2025-10-11", to: "2025-10-20" });
    expect(year.comparison?.figures).toMatchObject({ visits: 0, engagedRate: null, revenue: {} });
  });

  it("breakdown() returns the figures of each dimension", async () => {
    for (const dimension of DIMENSION_NAMES) {
      const rows = await allRows(dimension);
      const wanted = recount.breakdown(dimension, MONTH);
      expect(new Set(rows.map(({ value }) => value)), dimension).toEqual(new Set(wanted.keys()));
      expect(rows.length).toBe(wanted.size);
      for (const { value, ...figures } of rows) {
        const row = wanted.get(value);
        expect({ dimension, value, ...figures }).toEqual({
          dimension,
          value,
          ...(row && expectedOverview(row)),
        });
      }
      const visits = rows.map((row) => row.visits);
      expect(visits).toEqual(visits.toSorted((left, right) => right - left));
    }
  });

  it("breakdown() returns the figures of each page", async () => {
    const rows = await allRows("page");
    const pages = recount.pageFigures(MONTH);
    expect(new Set(rows.map(({ value }) => value))).toEqual(new Set(pages.keys()));
    const inMonth = recount.visitsIn(MONTH);
    for (const { value, pageViews, visits, visitors, orders } of rows) {
      expect({ value, pageViews }).toEqual({ value, pageViews: pages.get(String(value))?.pageViews });
      expect(visits).toBe(inMonth.filter((visit) => visit.pages.some(({ path }) => path === value)).length);
      expect([visitors, orders]).toEqual([null, null]);
    }
  });

  it("breakdown() returns the figures of each dimension with a filter on another dimension", async () => {
    for (const [index, dimension] of DIMENSION_NAMES.entries()) {
      const by = DIMENSION_NAMES[(index * 5 + 3) % DIMENSION_NAMES.length] ?? "channel";
      const values = [...new Set(recount.visitsIn(MONTH).map((visit) => valueOfVisit(visit, dimension)))];
      for (const value of values.slice(0, 3)) {
        const filters: Filter[] = [{ dimension, operator: "is", value }];
        const { figures } = await questions.overview({ ...MONTH, filters });
        const total = recount.overview(MONTH, filters);
        expect({ dimension, value, ...figures }).toMatchObject({
          ...expectedOverview(total),
          newVisitors: total.newVisitors,
          returningVisitors: total.returningVisitors,
        });
        const rows = await allRows(by, filters);
        const wanted = recount.breakdown(by, MONTH, filters);
        for (const { value: each, ...row } of rows) {
          const figuresOfRow = wanted.get(each);
          expect({ dimension, value, by, each, ...row }).toEqual({
            dimension,
            value,
            by,
            each,
            ...(figuresOfRow && expectedOverview(figuresOfRow)),
          });
        }
      }
    }
  });

  it("overview() filters with the operators `isNot` and `contains`", async () => {
    const visits = recount.visitsIn(MONTH);
    const count = async (...filters: Filter[]) =>
      (await questions.overview({ ...MONTH, filters })).figures.visits;
    const matching = (keeps: (value: string | null) => boolean, name: string) =>
      visits.filter((visit) => keeps(valueOfVisit(visit, name))).length;
    expect(await count({ dimension: "source", operator: "isNot", value: "google" })).toBe(
      matching((value) => value !== "google", "source"),
    );
    expect(await count({ dimension: "source", operator: "isNot", value: null })).toBe(
      matching((value) => value !== null, "source"),
    );
    expect(await count({ dimension: "entrySource", operator: "contains", value: "oo" })).toBe(
      matching((value) => value?.includes("oo") ?? false, "entrySource"),
    );
    expect(await count({ dimension: "browser", operator: "contains", value: "%" })).toBe(0);
    const [page = ""] = recount.pageFigures(MONTH).keys();
    const sees = (path: string) =>
      visits.filter(({ pages }) => pages.some((each) => each.path === path)).length;
    expect(await count({ dimension: "page", operator: "is", value: page })).toBe(sees(page));
    expect(await count({ dimension: "page", operator: "isNot", value: page })).toBe(
      visits.length - sees(page),
    );
    expect(await count({ dimension: "page", operator: "contains", value: "midnig" })).toBe(sees("/midnight"));
    expect(
      await count(
        { dimension: "channel", operator: "is", value: "Email" },
        { dimension: "country", operator: "is", value: "CH" },
      ),
    ).toBe(
      visits.filter(
        (visit) => visit.lastNonDirectSource.channel === "Email" && visit.client?.country === "CH",
      ).length,
    );
  });

  it.each(["first-touch", "last-non-direct"] as const)(
    "attribution() returns the %s sources that were stored with each order",
    async (model) => {
      const answer = await questions.attribution({ model, ...MONTH });
      const inMonth = recount.orders.filter(({ action }) => {
        const day = recount.calendar.dayOf(action.at);
        return MONTH.from <= day && day <= MONTH.to;
      });
      const sourceOf = (order: (typeof inMonth)[number]) =>
        model === "first-touch" ? order.storedSources?.first : order.storedSources?.last;
      const keyOf = (
        row: { channel?: string | null; source?: string | null; campaign?: string | null } | undefined,
      ) => JSON.stringify([row?.channel ?? null, row?.source ?? null, row?.campaign ?? null]);
      const wanted = Map.groupBy(inMonth, (order) => keyOf(sourceOf(order)));
      expect(new Map(answer.rows.map((row) => [keyOf(row), row.orders]))).toEqual(
        new Map([...wanted].map(([key, orders]) => [key, orders.length])),
      );
      expect(answer.revenue).toEqual(recount.overview(MONTH).revenue);
      const short = await questions.attribution({ model, ...MONTH, limit: 2 });
      expect(short.rows).toEqual(answer.rows.slice(0, 2));
      expect(short.rest.orders + short.rows.reduce((sum, row) => sum + row.orders, 0)).toBe(answer.orders);
    },
  );

  it("retention() returns how many visitors come back in later weeks", async () => {
    const range = { from: "2026-09-28", to: "2026-11-01" };
    const { cohorts } = await questions.retention({ from: "2026-10-01", to: "2026-10-31" });
    const wanted = recount.retention(range);
    expect(cohorts.map(({ week }) => week)).toEqual([...wanted.keys()].sort());
    for (const { week, visitors, active } of cohorts) {
      const row = wanted.get(week);
      const weeks = cohorts.map((cohort) => cohort.week).filter((each) => each >= week);
      expect({ week, active }).toEqual({ week, active: weeks.map((each) => row?.get(each) ?? 0) });
      expect(visitors).toBe(row?.get(week));
    }
  });

  it("live() returns the visitors whose activity has arrived in the last five minutes", async () => {
    const arrivals = script.actions.filter(
      ({ isFromBackend, detail }) => !isFromBackend && detail.do === "view",
    );
    for (const action of arrivals.slice(0, 300).filter((_, index) => index % 60 === 0)) {
      const clock = { now: () => action.receivedAt };
      const at = createQuestions(loaded.database, { timeZone: TIME_ZONE, clock, timeBudget: 20_000 });
      const { visitors, minutes, pages } = await at.live();
      await at.close();
      const heard = recount.visits.filter(({ visitor, actions, start, lastActivity }) =>
        [
          ...actions,
          ...script.actions.filter(
            (each) => each.visitor === visitor && each.detail.do === "visible" && !each.isLost,
          ),
        ].some(
          ({ receivedAt, at: time, isFromBackend }) =>
            !isFromBackend &&
            time >= start &&
            time <= lastActivity &&
            receivedAt <= action.receivedAt &&
            receivedAt > action.receivedAt - 300_000,
        ),
      );
      expect(visitors).toBe(new Set(heard.map(({ visitor }) => visitor)).size);
      expect(pages.reduce((sum, row) => sum + row.visitors, 0)).toBe(visitors);
      expect(minutes).toHaveLength(30);
      expect(minutes.at(-1)?.visitors).toBeGreaterThan(action.isLost ? -1 : 0);
    }
  });

  it("visitTimeline() and sessionTimeline() return the events in order, page by page", async () => {
    const longest = recount.visits.toSorted((left, right) => right.actions.length - left.actions.length)[0];
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const answer = await questions.visitTimeline(longest?.id ?? "", { limit: 2, cursor });
      expect(answer?.visit).toMatchObject({ id: longest?.id, visitorId: longest?.visitor });
      ids.push(...(answer?.events.filter(({ type }) => type !== "page_time").map(({ id }) => id) ?? []));
      cursor = answer?.next ?? null;
    } while (cursor !== null);
    expect(ids).toEqual(longest?.actions.map(({ id }) => id));
    const session = longest?.actions[0]?.session ?? "";
    const ofSession = recount.visits.filter(({ actions }) =>
      actions.some((action) => !action.isFromBackend && action.session === session),
    );
    const timeline = await questions.sessionTimeline(session, { limit: 1000 });
    expect(timeline.visits.map(({ id }) => id)).toEqual(ofSession.map(({ id }) => id));
    expect(timeline.events.every(({ sessionId }) => sessionId === session)).toBe(true);
    expect(timeline.events.length).toBeGreaterThan(0);
    expect(await questions.visitTimeline("no such visit")).toBeNull();
  });

  it("customerJourney() returns visits in several browsers, newest first", async () => {
    for (const [customer, totals] of [...recount.customerTotals()].slice(0, 5)) {
      const answer = await questions.customerJourney(customer, { limit: 1000 });
      expect(answer.totals?.visits ?? 0).toBe(totals.visits);
      expect(answer.visits).toHaveLength(totals.visits);
      expect(answer.visits.every(({ subject }) => subject === customer)).toBe(true);
      if (totals.visits === 0) continue;
      expect(Date.parse(answer.totals?.firstVisitAt ?? "")).toBe(totals.firstVisit);
      expect(Date.parse(answer.visits[0]?.startedAt ?? "")).toBe(totals.lastVisit);
      const page = await questions.customerJourney(customer, { limit: 1 });
      const next = await questions.customerJourney(customer, { limit: 1000, cursor: page.next });
      expect([...page.visits, ...(page.next ? next.visits : [])]).toEqual(answer.visits);
      expect(await questions.customerJourney(customer, { tenant: "another" })).toMatchObject({
        totals: null,
        visits: [],
      });
    }
    const [visit] = recount.visits;
    const ofVisitor = recount.visits.filter(({ visitor }) => visitor === visit?.visitor);
    const journey = await questions.visitorJourney(visit?.visitor ?? "");
    expect(journey.visits.map(({ id }) => id)).toEqual(ofVisitor.map(({ id }) => id).reverse());
  });
}

describe("questions on SQLite", () => {
  const traffic = generateMonth();
  describeFigures(traffic, () => fillSqlite(traffic.delivered));
});

await describeWithServer("questions on PostgreSQL", "postgres", (url) => {
  const traffic = generateMonth();
  describeFigures(traffic, () => fillPostgres(url, traffic.delivered));
});
