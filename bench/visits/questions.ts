/** The measured analytics queries (questions), on the last 90 days of the generated traffic. */
import { CoatcheckError } from "coatcheck";
import { DIMENSIONS, type Filter, type Questions } from "coatcheck/visit/questions";
import { sessionOf } from "./traffic.ts";

/** How often each query runs. */
const ROUNDS_PER_QUERY = 5;

/** A query and its time limit in milliseconds. */
export interface TimedQuestion {
  readonly name: string;
  readonly limit: number;
  ask(questions: Questions): Promise<unknown>;
}

/** The durations of one query in milliseconds, and whether the database refused the query. */
export interface QuestionResult {
  readonly name: string;
  readonly limit: number;
  readonly firstTime: number;
  readonly median: number;
  readonly slowestTime: number;
  readonly isRefused: boolean;
}

const MAX_ROLLUP_TIME = 500;
const MAX_FACTS_TIME = 3000;
const MAX_TIMELINE_TIME = 20;

/** The dimensions that have one value per visit. The dimension `page` has one value per page view. */
const ROLLED_UP_DIMENSIONS = DIMENSIONS.filter((dimension) => dimension !== "page");

/**
 * Returns all queries on a range of local days. `visits`: the number of generated visits, of which one query selects
 * one at random.
 */
export function timedQuestions(
  range: { readonly from: string; readonly to: string },
  visits: number,
): TimedQuestion[] {
  const mobile: Filter = { dimension: "device", operator: "is", value: "mobile" };
  const swiss: Filter = { dimension: "country", operator: "is", value: "CH" };
  const search: Filter = { dimension: "channel", operator: "is", value: "Organic Search" };
  const pages = ["page_view", "product_view", "login"].map((type) => ({ type }));
  return [
    { name: "overview", limit: MAX_ROLLUP_TIME, ask: (questions) => questions.overview(range) },
    {
      name: "overview, compared with the days before",
      limit: MAX_ROLLUP_TIME,
      ask: (questions) => questions.overview({ ...range, compare: "previous" }),
    },
    ...ROLLED_UP_DIMENSIONS.map((dimension) => ({
      name: `breakdown by ${dimension}`,
      limit: MAX_ROLLUP_TIME,
      ask: (questions: Questions) => questions.breakdown({ ...range, dimension }),
    })),
    {
      name: "breakdown by page",
      limit: MAX_ROLLUP_TIME,
      ask: (questions) => questions.breakdown({ ...range, dimension: "page" }),
    },
    { name: "standard funnel", limit: MAX_ROLLUP_TIME, ask: (questions) => questions.funnel(range) },
    {
      name: "standard funnel, open",
      limit: MAX_ROLLUP_TIME,
      ask: (questions) => questions.funnel({ ...range, mode: "open" }),
    },
    { name: "retention", limit: MAX_ROLLUP_TIME, ask: (questions) => questions.retention(range) },
    {
      name: "attribution, first touch",
      limit: MAX_FACTS_TIME,
      ask: (questions) => questions.attribution({ ...range, model: "first-touch" }),
    },
    {
      name: "funnel by visitor",
      limit: MAX_FACTS_TIME,
      ask: (questions) => questions.funnel({ ...range, scope: "visitor" }),
    },
    {
      name: "funnel of other steps",
      limit: MAX_FACTS_TIME,
      ask: (questions) => questions.funnel({ ...range, steps: pages }),
    },
    {
      name: "funnel under a filter",
      limit: MAX_FACTS_TIME,
      ask: (questions) => questions.funnel({ ...range, filters: [mobile] }),
    },
    {
      name: "overview under one filter",
      limit: MAX_FACTS_TIME,
      ask: (questions) => questions.overview({ ...range, filters: [mobile] }),
    },
    {
      name: "overview under three filters",
      limit: MAX_FACTS_TIME,
      ask: (questions) => questions.overview({ ...range, filters: [mobile, swiss, search] }),
    },
    {
      name: "breakdown by source under two filters",
      limit: MAX_FACTS_TIME,
      ask: (questions) => questions.breakdown({ ...range, dimension: "source", filters: [mobile, swiss] }),
    },
    {
      name: "a session's timeline",
      limit: MAX_TIMELINE_TIME,
      ask: (questions) => questions.sessionTimeline(sessionOf(Math.floor(Math.random() * visits))),
    },
  ];
}

/** Runs a query several times and measures its durations. */
export async function runQuery(
  { name, limit, ask }: TimedQuestion,
  questions: Questions,
): Promise<QuestionResult> {
  const times: number[] = [];
  let isRefused = false;
  for (let round = 0; round < ROUNDS_PER_QUERY && !isRefused; round++) {
    const startedAt = performance.now();
    try {
      await ask(questions);
    } catch (error) {
      if (!(error instanceof CoatcheckError) || error.code !== "VALIDATION_FAILED") throw error;
      isRefused = true;
    }
    times.push(performance.now() - startedAt);
  }
  const sorted = times.toSorted((left, right) => left - right);
  return {
    name,
    limit,
    firstTime: times[0] ?? Number.NaN,
    median: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
    slowestTime: sorted.at(-1) ?? Number.NaN,
    isRefused,
  };
}
