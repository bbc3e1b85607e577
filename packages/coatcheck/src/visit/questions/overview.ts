import { sql } from "kysely";
import type { CountedKind } from "../event.ts";
import type { DocumentFigures, OverviewAnswer, OverviewPeriod, SeriesPoint } from "./answers.ts";
import { addDays, addMonths, datesBetween } from "./calendar.ts";
import type { Context } from "./context.ts";
import type { Reader } from "./database/read.ts";
import type { Filter } from "./dimensions.ts";
import { addRevenue, addRows, EMPTY_ROW, figuresOf, revenueByKey } from "./figures.ts";
import { type Days, dayNumber, RequestCheck } from "./request.ts";
import { DIALECTS, type Sql, sumOf } from "./sql/dialect.ts";
import { FIGURE_SUMS, type Grouping, type MetricRow } from "./sql/figures.ts";
import { metricRows } from "./sql/metrics.ts";
import { revenueQuery } from "./sql/revenue.ts";
import { isInRange, isOfTenant, type Scope } from "./sql/scope.ts";

/** Request of `questions.overview()`. */
export interface OverviewRequest {
  /** First local day, such as `2026-03-01`. */
  readonly from: string;
  /** Last local day, included. */
  readonly to: string;
  /**
   * Adds the statistics of the preceding range of the same length, or of the same range one year earlier. Default:
   * null, no comparison.
   */
  readonly compare?: "previous" | "year" | null;
  /**
   * Length of the points in the series. `hour` requires a range of at most 7 days. Default: `hour` for up to 2 days,
   * otherwise `day`.
   */
  readonly grain?: "day" | "hour";
  /** A tenant; null for visits without a tenant. Default: all tenants. */
  readonly tenant?: string | null;
  readonly filters?: readonly Filter[];
}

/** Longest range, in days, whose series is hourly by default. */
const MAX_DAYS_HOURLY_BY_DEFAULT = 2;
/** Longest range, in days, whose series can be hourly. */
const MAX_DAYS_HOURLY = 7;
const HOUR = 3_600_000;

const COUNTED_KINDS: readonly CountedKind[] = [
  "bot",
  "ai-agent",
  "tool",
  "suspected",
  "not-collected",
  "dropped",
];

/** Implements `questions.overview()`. */
export async function overview(context: Context, request: OverviewRequest): Promise<OverviewAnswer> {
  const check = new RequestCheck("overview", request, [
    "from",
    "to",
    "compare",
    "grain",
    "tenant",
    "filters",
  ]);
  const days = check.checkRange(request.from, request.to, context.calendar.timeZone);
  const tenant = check.checkTenant(request.tenant);
  const filters = check.checkFilters(request.filters);
  const compare = check.checkOneOf("compare", request.compare ?? null, ["previous", "year", null] as const);
  const length = days.toDay - days.fromDay + 1;
  const byDefault = length <= MAX_DAYS_HOURLY_BY_DEFAULT ? "hour" : "day";
  const grain = check.checkOneOf("grain", request.grain ?? byDefault, ["day", "hour"] as const);
  if (grain === "hour" && length > MAX_DAYS_HOURLY)
    check.addFault("grain", `must be "day" for a range of more than ${MAX_DAYS_HOURLY} days`);
  check.throwFaults();
  return await context.read(async (reader) => {
    const scope: Scope = { dialect: DIALECTS[reader.dialect], days, tenant, filters };
    const period = (range: Days) =>
      new PeriodQuery(context, reader, { ...scope, days: range }).readPeriod(grain);
    const current = await period(days);
    const comparison = compare === null ? null : await period(daysToCompareWith(days, compare));
    return { question: "overview", grain, filters, ...current, comparison };
  });
}

/** Returns the range to compare with. */
function daysToCompareWith(days: Days, compare: "previous" | "year"): Days {
  const length = days.toDay - days.fromDay + 1;
  const [from, to] =
    compare === "previous"
      ? [addDays(days.from, -length), addDays(days.from, -1)]
      : [addMonths(days.from, -12), addMonths(days.to, -12)];
  return { from, to, timeZone: days.timeZone, fromDay: dayNumber(from), toDay: dayNumber(to) };
}

type KeyedMetricRow = MetricRow & { readonly key: number };

class PeriodQuery {
  readonly #context: Context;
  readonly #reader: Reader;
  readonly #scope: Scope;

  constructor(context: Context, reader: Reader, scope: Scope) {
    this.#context = context;
    this.#reader = reader;
    this.#scope = scope;
  }

  async readPeriod(grain: "day" | "hour"): Promise<OverviewPeriod> {
    const byDay = await this.#metricRows({ by: "day" });
    const revenue = revenueByKey(await this.#reader.rows(revenueQuery(this.#scope, { by: "day" })));
    const sum = addRows(byDay);
    const { from, to, timeZone } = this.#scope.days;
    return {
      range: { from, to, timeZone },
      figures: {
        ...figuresOf(sum, sum.visitors, addRevenue(revenue.values())),
        newVisitors: sum.new_visitors,
        returningVisitors: sum.returning_visitors,
        singleRequestVisitors: sum.single_request,
      },
      series: grain === "hour" ? await this.#hourlySeries() : this.#dailySeries(byDay, revenue),
      documents: await this.#documentFigures(),
    };
  }

  async #metricRows(grouping: Grouping): Promise<readonly KeyedMetricRow[]> {
    const rows = metricRows(this.#scope, grouping);
    return await this.#reader.rows<KeyedMetricRow>(
      sql`select m.key, ${FIGURE_SUMS} from ${rows} group by m.key`,
    );
  }

  #dailySeries(rows: readonly KeyedMetricRow[], revenue: ReturnType<typeof revenueByKey>): SeriesPoint[] {
    const byDay = new Map(rows.map((row) => [row.key, row]));
    const { from, to } = this.#scope.days;
    return datesBetween(from, to).map((at) => {
      const key = dayNumber(at);
      const row = byDay.get(key) ?? EMPTY_ROW;
      const figures = figuresOf(row, row.day_visitors, revenue.get(key));
      return { at, ...figures, newVisitors: row.new_visitors };
    });
  }

  async #hourlySeries(): Promise<SeriesPoint[]> {
    const { calendar } = this.#context;
    const { from, to } = this.#scope.days;
    const start = calendar.startOfDay(from);
    const grouping: Grouping = { by: "hour", start };
    const byHour = new Map((await this.#metricRows(grouping)).map((row) => [row.key, row]));
    const revenue = revenueByKey(await this.#reader.rows(revenueQuery(this.#scope, grouping)));
    const hours = Math.ceil((calendar.startOfDay(addDays(to, 1)) - start) / HOUR);
    return Array.from({ length: hours }, (_, key) => {
      const row = byHour.get(key) ?? EMPTY_ROW;
      const figures = figuresOf(row, row.day_visitors, revenue.get(key));
      return { at: calendar.formatTime(start + key * HOUR), ...figures, newVisitors: row.new_visitors };
    });
  }

  async #documentFigures(): Promise<DocumentFigures> {
    const query: Sql<{ kind: CountedKind; documents: number }> =
      sql`select c.kind, ${sumOf(sql`c.documents`)} as documents
      from coatcheck_document_count c
      where ${isOfTenant(this.#scope, "c.tenant")} and ${isInRange(this.#scope, "c.local_day")} group by c.kind`;
    const counts = new Map((await this.#reader.rows(query)).map(({ kind, documents }) => [kind, documents]));
    return Object.fromEntries(COUNTED_KINDS.map((kind) => [kind, counts.get(kind) ?? 0])) as DocumentFigures;
  }
}
