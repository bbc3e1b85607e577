/** Compares all answers of `coatcheck/visit/questions` with the recount. All numbers must be exactly equal. */
import { expect } from "vitest";
import type { Questions } from "../../../src/visit/questions/index.ts";
import { type Condition, DIMENSIONS } from "./dimensions.ts";
import {
  attributionRows,
  breakdownRows,
  cohortRows,
  dailySeries,
  funnelSteps,
  hourlySeries,
  rangeFigures,
  visitSummary,
} from "./expected.ts";
import type { FunnelStep } from "./funnel.ts";
import type { Range, Recount } from "./recount.ts";
import { DAY } from "./script.ts";
import { MONTH } from "./traffic.ts";

const DAY_OF_CLOCK_CHANGE: Range = { from: "2026-10-25", to: "2026-10-25" };
const TESTED_RANGES: readonly Range[] = [
  MONTH,
  DAY_OF_CLOCK_CHANGE,
  { from: "2026-10-12", to: "2026-10-18" },
  { from: "2026-09-29", to: "2026-10-02" },
  { from: "2026-06-01", to: "2026-11-30" },
];

const TESTED_CONDITIONS: readonly (readonly Condition[])[] = [
  [{ dimension: "country", operator: "is", value: "CH" }],
  [{ dimension: "channel", operator: "is", value: "Direct" }],
  [{ dimension: "country", operator: "is", value: null }],
  [
    { dimension: "device", operator: "isNot", value: "mobile" },
    { dimension: "entryChannel", operator: "is", value: "Organic Search" },
  ],
  [{ dimension: "source", operator: "contains", value: "oo" }],
  [{ dimension: "page", operator: "contains", value: "/taco" }],
  [{ dimension: "page", operator: "isNot", value: "/menu" }],
];

/** Dimensions that are compared with every filter. */
const FILTERED_DIMENSIONS: readonly string[] = ["source", "country", "entryPage"];

const SHOP_FUNNEL_STEPS: readonly FunnelStep[] = [
  "product_view",
  "add_to_cart",
  "begin_checkout",
  "order_completed",
].map((event) => ({ event }));
const PAGE_FUNNEL_STEPS: readonly FunnelStep[] = [
  { event: "page_view", path: "/menu" },
  { event: "page_view" },
  { event: "page_view" },
  { event: "login" },
];

/** The questions to test, and the recount that computes the expected answers. */
export interface ComparedQuestions {
  readonly questions: Questions;
  readonly recount: Recount;
  /** The current time according to the clock of the questions, in epoch milliseconds. */
  readonly now: number;
}

/** Compares totals, and the series of days and hours, for several ranges and filters. */
export async function compareOverviews({ questions, recount }: ComparedQuestions): Promise<void> {
  for (const range of TESTED_RANGES) {
    const answer = await questions.overview({ ...range, grain: "day" });
    expect(answer.figures, JSON.stringify(range)).toMatchObject(rangeFigures(recount.overview(range)));
    expect(answer.series, JSON.stringify(range)).toMatchObject(dailySeries(recount, range));
    for (const [kind, documents] of Object.entries(answer.documents)) {
      expect(documents, `documents of ${kind}`).toBe(recount.documentCounts(range).get(kind as "bot") ?? 0);
    }
    for (const filters of TESTED_CONDITIONS) {
      const { figures } = await questions.overview({ ...range, grain: "day", filters: filters as never });
      expect(figures, JSON.stringify({ range, filters })).toMatchObject(
        rangeFigures(recount.overview(range, filters)),
      );
    }
  }
  for (const range of [DAY_OF_CLOCK_CHANGE, { from: "2026-10-23", to: "2026-10-26" }]) {
    const { series } = await questions.overview({ ...range, grain: "hour" });
    const hours = hourlySeries(recount, range);
    expect(series.length).toBe(range === DAY_OF_CLOCK_CHANGE ? 25 : 4 * 24 + 1);
    for (const { at, ...figures } of series) {
      const expected = hours.get(Date.parse(at)) ?? { visits: 0, pageViews: 0, orders: 0, visitors: 0 };
      expect(figures, at).toMatchObject(expected);
    }
  }
}

/** Compares the rows of each dimension for several ranges, and with each filter for the month. */
export async function compareBreakdowns({ questions, recount }: ComparedQuestions): Promise<void> {
  for (const range of TESTED_RANGES) {
    for (const dimension of DIMENSIONS) {
      const isFiltered = range === MONTH && FILTERED_DIMENSIONS.includes(dimension);
      for (const conditions of isFiltered ? [[], ...TESTED_CONDITIONS] : [[]]) {
        const { rows } = await questions.breakdown({
          dimension: dimension as "channel",
          ...range,
          filters: conditions as never,
          limit: 1000,
        });
        const answered = new Map(rows.map(({ value, ...figures }) => [value, figures]));
        expect(answered, JSON.stringify({ dimension, range, conditions })).toEqual(
          breakdownRows(recount, dimension, { range, conditions }),
        );
      }
    }
    const { rows } = await questions.breakdown({ dimension: "page", ...range, limit: 1000 });
    const answered = new Map(
      rows.map(({ value, visits, pageViews, engaged, bounced, convertedVisits: converted }) => [
        value,
        { visits, pageViews, engaged, bounced, converted },
      ]),
    );
    expect(answered, JSON.stringify({ pages: range })).toEqual(recount.pageFigures(range));
  }
}

/** Compares the funnels of the questions with those of the recount: closed and open, by visit and by visitor, with windows,
 * pages and filters. */
export async function compareFunnels({ questions, recount }: ComparedQuestions): Promise<void> {
  for (const range of TESTED_RANGES) {
    for (const steps of [SHOP_FUNNEL_STEPS, PAGE_FUNNEL_STEPS]) {
      for (const by of ["visit", "visitor"] as const) {
        for (const mode of ["closed", "open"] as const) {
          for (const window of [DAY, 60_000, 7 * DAY]) {
            for (const conditions of [
              [],
              ...TESTED_CONDITIONS.slice(0, range === MONTH && window === DAY ? 7 : 0),
            ]) {
              const answer = await questions.funnel({
                ...range,
                steps: steps.map(({ event, path }) => ({
                  type: event,
                  ...(path !== undefined && { page: { operator: "is", value: path } }),
                })),
                scope: by,
                mode,
                window,
                filters: conditions as never,
              });
              expect(
                answer.steps,
                JSON.stringify({ range, steps, by, mode, window, conditions }),
              ).toMatchObject(funnelSteps(recount, steps, { range, by, mode, window, conditions }));
            }
          }
        }
      }
    }
  }
}

/** Compares first-touch and last-non-direct attribution, and retention. */
export async function compareAttributionAndRetention({
  questions,
  recount,
  now,
}: ComparedQuestions): Promise<void> {
  for (const range of TESTED_RANGES) {
    for (const [model, key] of [
      ["first-touch", "first"],
      ["last-non-direct", "last"],
    ] as const) {
      const { orders, revenue, rows } = await questions.attribution({ model, ...range, limit: 1000 });
      const answered = new Map(
        rows.map(({ channel, source, campaign, ...totals }) => [
          JSON.stringify([channel, source, campaign]),
          totals,
        ]),
      );
      expect({ orders, revenue, rows: answered }, JSON.stringify({ model, range })).toEqual(
        attributionRows(recount, key, range),
      );
    }
    // The answers contain no future weeks.
    const lastWeek = [mondayOf(range.to), recount.calendar.weekOf(now)].sort()[0] ?? "";
    const weeks = { from: mondayOf(range.from), to: lastWeek };
    const answer = await questions.retention(range);
    expect(
      answer.cohorts.filter(({ visitors }) => visitors > 0),
      JSON.stringify({ retention: range }),
    ).toEqual(cohortRows(recount, weeks));
  }
}

/** Compares every visit, and the totals of every customer. */
export async function compareJourneys({ questions, recount }: ComparedQuestions): Promise<void> {
  for (const [visitor, visits] of Map.groupBy(recount.visits, (visit) => visit.visitor)) {
    const answer = await questions.visitorJourney(visitor, { limit: 1000 });
    expect(answer.visits.toReversed(), visitor).toMatchObject(
      visits.map((visit) => visitSummary(recount, visit)),
    );
  }
  for (const [customer, totals] of recount.customerTotals()) {
    if (totals.visits === 0) continue;
    const { totals: answered } = await questions.customerJourney(customer);
    expect(answered, customer).toMatchObject({
      visits: totals.visits,
      orders: totals.orders,
      revenue: totals.revenue,
      firstVisitAt: new Date(totals.firstVisit ?? 0).toISOString(),
      lastVisitAt: new Date(totals.lastVisit ?? 0).toISOString(),
    });
  }
}

function mondayOf(day: string): string {
  const time = Date.parse(`${day}T00:00:00Z`);
  const weekday = (new Date(time).getUTCDay() + 6) % 7;
  return new Date(time - weekday * DAY).toISOString().slice(0, 10);
}
