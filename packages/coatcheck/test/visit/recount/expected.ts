/**
 * Computes from a recount what `coatcheck/visit/questions` must answer. Omits figures that have no exact definition.
 */
import { addDays } from "./calendar.ts";
import { type Condition, visitMeets } from "./dimensions.ts";
import { countFunnel, type FunnelOptions, type FunnelStep } from "./funnel.ts";
import { type CountedOrder, type Revenue, sumRevenue } from "./orders.ts";
import type { Figures, Range, Recount } from "./recount.ts";
import { customerOf, entryPageOf, exitPageOf, isEngaged, type Visit, visibleTimeOf } from "./visits.ts";

const NO_FIGURES = {
  visits: 0,
  visitors: 0,
  newVisitors: 0,
  pageViews: 0,
  engaged: 0,
  bounced: 0,
  orders: 0,
};

/** Returns the figures of a whole range, and the rates that are computed from these figures. */
export function rangeFigures(figures: Figures) {
  const { converted, visibleTime, ...counts } = figures;
  const rate = (count: number) => (figures.visits === 0 ? null : count / figures.visits);
  return {
    ...counts,
    convertedVisits: converted,
    engagedRate: rate(figures.engaged),
    conversionRate: rate(converted),
    averageVisibleTime: rate(visibleTime),
  };
}

/** Returns only those of the figures that are known for a day, an hour or a dimension's value. */
export function rowFigures(figures: Figures) {
  const { returningVisitors, singleRequestVisitors, newVisitors, ...row } = rangeFigures(figures);
  return row;
}

/** Returns the figures of each local day, including empty days. */
export function dailySeries(recount: Recount, range: Range) {
  const days = recount.byDay(range);
  const points = [];
  for (let day = range.from; day <= range.to; day = addDays(day, 1)) {
    const figures = days.get(day);
    points.push({
      at: day,
      ...(figures ? { ...rowFigures(figures), newVisitors: figures.newVisitors } : NO_FIGURES),
    });
  }
  return points;
}

/** Returns the figures of each hour with activity. The key is the start of the hour in epoch milliseconds. */
export function hourlySeries(recount: Recount, range: Range) {
  return new Map(
    [...recount.byHour(range)].map(([hour, figures]) => [
      hour,
      { ...rowFigures(figures), newVisitors: figures.newVisitors },
    ]),
  );
}

/** Returns the rows of a breakdown, by value. */
export function breakdownRows(
  recount: Recount,
  dimension: string,
  options: { readonly range: Range; readonly conditions?: readonly Condition[] },
) {
  const rows = recount.breakdown(dimension, options.range, options.conditions);
  return new Map([...rows].map(([value, figures]) => [value, rowFigures(figures)]));
}

/** Returns the steps of a funnel for the visits that start in a range and meet the conditions. */
export function funnelSteps(
  recount: Recount,
  steps: readonly FunnelStep[],
  options: FunnelOptions & {
    readonly range: Range;
    readonly mode: "closed" | "open";
    readonly conditions?: readonly Condition[];
  },
) {
  const visits = recount
    .visitsIn(options.range)
    .filter((visit) => visitMeets(visit, options.conditions ?? []));
  const rows = countFunnel(visits, steps, options);
  const counts = rows.map((row) => row[options.mode]);
  return rows.map(({ closed, open }, index) => ({
    count: options.mode === "closed" ? closed : open,
    shareOfFirst: counts[0] ? (counts[index] ?? 0) / counts[0] : null,
    timeToNext: rows[index + 1]?.[options.mode === "closed" ? "medianTime" : "openMedianTime"] ?? null,
    ...(options.mode === "closed" && {
      dropOff: index === 0 ? null : (counts[index - 1] ?? 0) - closed,
    }),
  }));
}

/**
 * Returns orders and revenue by channel, source and campaign, as stored with each order. Orders without a source are
 * in a row of nulls.
 */
export function attributionRows(recount: Recount, model: "first" | "last", range: Range) {
  const inRange = recount.orders.filter(({ action }) => {
    const day = recount.calendar.dayOf(action.at);
    return range.from <= day && day <= range.to;
  });
  const keyOf = ({ storedSources }: CountedOrder) => {
    const source = storedSources?.[model];
    return JSON.stringify([source?.channel ?? null, source?.source ?? null, source?.campaign ?? null]);
  };
  const rows = [...Map.groupBy(inRange, keyOf)].map(([key, orders]) => [key, totalsOf(orders)] as const);
  return { ...totalsOf(inRange), rows: new Map(rows) };
}

function totalsOf(orders: readonly CountedOrder[]): { orders: number; revenue: Revenue } {
  return { orders: orders.length, revenue: sumRevenue(orders) };
}

/**
 * Returns the cohorts of a range of weeks. Each cohort has the numbers of its visitors who came back 0, 1, 2, … weeks
 * later.
 */
export function cohortRows(recount: Recount, range: Range) {
  return [...recount.retention(range)]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([week, weeks]) => {
      const active: number[] = [];
      for (let later = week; later <= range.to; later = addDays(later, 7)) active.push(weeks.get(later) ?? 0);
      return { week, visitors: active[0] ?? 0, active };
    });
}

/** Returns the summary of a visit that timelines and journeys contain. */
export function visitSummary(recount: Recount, visit: Visit) {
  const orders = recount.orders.filter((order) => order.visit === visit);
  const { channel, source, medium, campaign } = visit.source;
  const partsOf = (from: typeof visit.source) => ({
    channel: from.channel,
    source: from.source,
    medium: from.medium,
    campaign: from.campaign,
  });
  return {
    id: visit.id,
    visitorId: visit.visitor,
    tenant: visit.tenant,
    subject: customerOf(visit),
    startedAt: new Date(visit.start).toISOString(),
    lastActivityAt: new Date(visit.lastActivity).toISOString(),
    isFirst: visit.isFirst,
    entry: { channel, source, medium, campaign },
    lastNonDirect: partsOf(visit.lastNonDirectSource),
    firstTouch: partsOf(visit.firstTouchSource),
    entryPage: entryPageOf(visit),
    exitPage: exitPageOf(visit),
    country: visit.client?.country ?? null,
    device: visit.client?.device ?? null,
    pageViews: visit.pages.length,
    visibleTime: visibleTimeOf(visit),
    isEngaged: isEngaged(visit),
    orders: orders.length,
    revenue: sumRevenue(orders),
  };
}
