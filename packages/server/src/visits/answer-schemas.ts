import { DEFINITIONS, DIMENSIONS, OPERATORS } from "coatcheck/visit/questions";
import { z } from "zod";

/*
 * The shapes of the answers of `coatcheck/visit/questions`, which the service returns as they are. Each figure's
 * description is its definition.
 */

const count = z.number().int();
const rate = z.number().nullable();
const time = z.string().meta({ format: "date-time" });
const day = z.string().meta({ format: "date" });
const next = z.string().nullable().describe("`cursor` of the next page. Null on the last page.");
const revenue = z
  // `int` would refuse a sum above 2^53.
  .record(z.string(), z.number())
  .meta({ examples: [{ EUR: 12_900 }] })
  .describe(DEFINITIONS.revenue);
const range = z.object({ from: day, to: day, timeZone: z.string() });
const filters = z.array(
  z.object({ dimension: z.enum(DIMENSIONS), operator: z.enum(OPERATORS), value: z.string().nullable() }),
);

const visitFigures = z.object({
  visitors: count.describe(DEFINITIONS.visitors),
  visits: count.describe(DEFINITIONS.visits),
  pageViews: count.describe(DEFINITIONS.pageViews),
  engaged: count.describe(DEFINITIONS.engaged),
  bounced: count.describe(DEFINITIONS.bounced),
  engagedRate: rate.describe(DEFINITIONS.engagedRate),
  averageVisibleTime: rate.describe(DEFINITIONS.averageVisibleTime),
  orders: count.describe(DEFINITIONS.orders),
  convertedVisits: count.describe(DEFINITIONS.convertedVisits),
  conversionRate: rate.describe(DEFINITIONS.conversionRate),
  revenue,
});

const period = z.object({
  range,
  figures: visitFigures.extend({
    newVisitors: count.describe(DEFINITIONS.newVisitors),
    returningVisitors: count.describe(DEFINITIONS.returningVisitors),
    singleRequestVisitors: count.describe(DEFINITIONS.singleRequestVisitors),
  }),
  series: z.array(visitFigures.extend({ newVisitors: count, at: z.string() })),
  documents: z.record(z.string(), count).describe(DEFINITIONS.documents),
});

export const overviewAnswer = period
  .extend({
    question: z.literal("overview"),
    grain: z.enum(["day", "hour"]),
    filters,
    comparison: period.nullable(),
  })
  .meta({ id: "Overview" });

const liveRow = z.object({ value: z.string().nullable(), visitors: count });

export const liveAnswer = z
  .object({
    question: z.literal("live"),
    at: time,
    visitors: count.describe(DEFINITIONS.liveVisitors),
    minutes: z.array(z.object({ at: time, visitors: count, pageViews: count })),
    pages: z.array(liveRow),
    sources: z.array(liveRow),
  })
  .meta({ id: "Live" });

export const breakdownAnswer = z
  .object({
    question: z.literal("breakdown"),
    dimension: z.enum(DIMENSIONS),
    range,
    filters,
    rows: z.array(
      visitFigures.extend({
        value: z.string().nullable(),
        visitors: count.nullable(),
        orders: count.nullable(),
        revenue: revenue.nullable(),
      }),
    ),
    next,
  })
  .meta({ id: "Breakdown" });

const funnelStep = z.object({
  type: z.string(),
  page: z.object({ operator: z.enum(OPERATORS), value: z.string() }).optional(),
});

export const funnelAnswer = z
  .object({
    question: z.literal("funnel"),
    range,
    filters,
    mode: z
      .enum(["closed", "open"])
      .describe(`Closed: ${DEFINITIONS.funnelClosed} Open: ${DEFINITIONS.funnelOpen}`),
    scope: z.enum(["visit", "visitor"]),
    window: count.describe("Milliseconds."),
    steps: z.array(
      z.object({
        step: funnelStep,
        count,
        shareOfFirst: rate,
        dropOff: count.nullable(),
        dropOffRate: rate,
        timeToNext: z.number().nullable().describe(DEFINITIONS.timeToNext),
      }),
    ),
  })
  .meta({ id: "Funnel" });

export const attributionAnswer = z
  .object({
    question: z.literal("attribution"),
    model: z.enum(["first-touch", "last-non-direct"]),
    range,
    orders: count,
    revenue,
    rows: z.array(
      z.object({
        channel: z.string().nullable(),
        source: z.string().nullable(),
        campaign: z.string().nullable(),
        orders: count,
        revenue,
      }),
    ),
    rest: z.object({ orders: count, revenue }),
  })
  .meta({ id: "AttributedOrders" });

export const retentionAnswer = z
  .object({
    question: z.literal("retention"),
    range,
    cohorts: z
      .array(z.object({ week: day, visitors: count, active: z.array(count) }))
      .describe(DEFINITIONS.retention),
  })
  .meta({ id: "Retention" });

const source = z.object({
  channel: z.string(),
  source: z.string().nullable(),
  medium: z.string().nullable(),
  campaign: z.string().nullable(),
});

const visit = z
  .object({
    id: z.string(),
    tenant: z.string().nullable(),
    visitorId: z.string(),
    sessionId: z.string().nullable(),
    subject: z.string().nullable(),
    startedAt: time,
    lastActivityAt: time,
    isFirst: z.boolean(),
    entry: source,
    lastNonDirect: source,
    firstTouch: source,
    referrer: z.string().nullable(),
    entryPage: z.string().nullable(),
    exitPage: z.string().nullable(),
    country: z.string().nullable(),
    device: z.string().nullable(),
    browser: z.string().nullable(),
    os: z.string().nullable(),
    pageViews: count,
    visibleTime: z.number(),
    isEngaged: z.boolean(),
    orders: count,
    revenue,
  })
  .meta({ id: "Visit" });

const timelineEvent = z
  .object({
    id: z.string(),
    type: z.string(),
    at: time,
    origin: z.enum(["browser", "backend"]),
    sessionId: z.string().nullable(),
    subject: z.string().nullable(),
    page: z.object({ path: z.string(), title: z.string().nullable() }).nullable(),
    visibleTime: z.number().nullable(),
    isKey: z.boolean(),
    order: z.object({ orderId: z.string(), revenue: count, currency: z.string() }).nullable(),
    properties: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "TimelineEvent" });

export const visitTimelineAnswer = z
  .object({ question: z.literal("visitTimeline"), visit, events: z.array(timelineEvent), next })
  .meta({ id: "VisitTimeline" });

export const sessionTimelineAnswer = z
  .object({
    question: z.literal("sessionTimeline"),
    visits: z.array(visit),
    events: z.array(timelineEvent),
    next,
  })
  .meta({ id: "SessionTimeline" });

export const journeyAnswer = z
  .object({
    question: z.enum(["customerJourney", "visitorJourney"]),
    totals: z
      .object({
        visits: count,
        visitors: count,
        orders: count,
        revenue,
        firstVisitAt: time,
        lastVisitAt: time,
      })
      .nullable(),
    visits: z.array(visit),
    next,
  })
  .meta({ id: "Journey" });
