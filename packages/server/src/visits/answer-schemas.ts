import { DEFINITIONS, DIMENSIONS, OPERATORS } from "coatcheck/visit/questions";
import { z } from "zod";
import { count, isoTime, localDay, nextCursor, nullable } from "../fields.ts";

/*
 * Schemas of the figures that the analytics queries of `coatcheck/visit/questions` return. The service sends the
 * figures unchanged. The description of each figure is its definition.
 */

/** Amounts by currency. */
export const revenue = z
  // Not `int`, which would reject a sum above 2^53.
  .record(z.string(), z.number())
  .meta({ examples: [{ EUR: 12_900 }] })
  .describe(DEFINITIONS.revenue);

const rate = z
  .number()
  .nullable()
  .meta({ examples: [0.25] });
const range = z
  .object({
    from: localDay.describe("First local day."),
    to: localDay.describe("Last local day, included."),
    timeZone: z
      .string()
      .meta({ examples: ["Europe/Zurich"] })
      .describe("The operator's time zone, in which days begin and end."),
  })
  .meta({ id: "DateRange" })
  .describe("The days that the answer is about.");
const dimension = z.enum(DIMENSIONS).describe("A property by which visits are grouped.");
const operator = z.enum(OPERATORS).describe("How the value is compared.");
const filters = z
  .array(
    z
      .object({
        dimension,
        operator,
        value: z
          .string()
          .nullable()
          .meta({ examples: ["CH"] })
          .describe("The value to compare with. Null: the visit has none."),
      })
      .meta({ id: "Filter" }),
  )
  .describe("The conditions that the counted visits meet.");
const text = (example: string, description: string) =>
  z
    .string()
    .nullable()
    .meta({ examples: [example] })
    .describe(description);

const visitFigures = z.object({
  visitors: count.describe(DEFINITIONS.visitors),
  visits: count.describe(DEFINITIONS.visits),
  pageViews: count.describe(DEFINITIONS.pageViews),
  engaged: count.describe(DEFINITIONS.engaged),
  bounced: count.describe(DEFINITIONS.bounced),
  engagedRate: rate.describe(DEFINITIONS.engagedRate),
  averageVisibleTime: rate.meta({ examples: [41_300] }).describe(DEFINITIONS.averageVisibleTime),
  orders: count.describe(DEFINITIONS.orders),
  convertedVisits: count.describe(DEFINITIONS.convertedVisits),
  conversionRate: rate.describe(DEFINITIONS.conversionRate),
  revenue,
});

const newVisitors = count.describe(DEFINITIONS.newVisitors);

const period = z.object({
  range,
  figures: visitFigures
    .extend({
      newVisitors,
      returningVisitors: count.describe(DEFINITIONS.returningVisitors),
      singleRequestVisitors: count.describe(DEFINITIONS.singleRequestVisitors),
    })
    .meta({ id: "RangeFigures" })
    .describe("The figures of the whole range."),
  series: z
    .array(
      visitFigures
        .extend({
          newVisitors,
          at: z
            .string()
            .meta({ examples: ["2026-03-29"] })
            .describe("The local day, or the beginning of the hour with its offset."),
        })
        .meta({ id: "SeriesPoint" }),
    )
    .describe("The figures of each day or hour, oldest first."),
  documents: z
    .record(z.string(), count)
    .meta({ examples: [{ bot: 512 }] })
    .describe(DEFINITIONS.documents),
});

export const overviewAnswer = period
  .extend({
    question: z.literal("overview").describe("The question that was asked."),
    grain: z.enum(["day", "hour"]).describe("The length of a point of the series."),
    filters,
    comparison: period
      .meta({ id: "OverviewPeriod" })
      .nullable()
      .describe("The same figures of the range before, or of a year before. Null without `compare`."),
  })
  .meta({ id: "Overview" })
  .describe("The figures of a range.");

const liveRows = (value: string, description: string) =>
  z
    .array(
      z.object({
        value: text(value, "The page or source. Null without one."),
        visitors: count.describe("Live visitors that have it."),
      }),
    )
    .describe(description);

export const liveAnswer = z
  .object({
    question: z.literal("live").describe("The question that was asked."),
    at: isoTime.describe("The time of the answer."),
    visitors: count.describe(DEFINITIONS.liveVisitors),
    minutes: z
      .array(
        z.object({
          at: isoTime.describe("The beginning of the minute."),
          visitors: count.describe("Distinct visitors with activity in the minute."),
          pageViews: count.describe("Page views in the minute."),
        }),
      )
      .describe("The last thirty minutes, oldest first."),
    pages: liveRows(
      "/coats/7",
      "The page that each live visitor viewed last, most visitors first, at most 10.",
    ),
    sources: liveRows(
      "newsletter",
      "The source of each live visitor's visit, most visitors first, at most 10.",
    ),
  })
  .meta({ id: "Live" })
  .describe("Who is there now.");

export const breakdownAnswer = z
  .object({
    question: z.literal("breakdown").describe("The question that was asked."),
    dimension,
    range,
    filters,
    rows: z
      .array(
        visitFigures
          .extend({
            value: text(
              "Email",
              "The value. Null: the visits have none. `(no visit)`: orders that belong to no visit.",
            ),
            visitors: nullable(count).describe(`${DEFINITIONS.visitors} Null for a page.`),
            orders: nullable(count).describe(`${DEFINITIONS.orders} Null for a page.`),
            revenue: nullable(revenue).describe(`${DEFINITIONS.revenue} Null for a page.`),
          })
          .meta({ id: "BreakdownRow" }),
      )
      .describe("A row for each value, most visits first."),
    next: nextCursor,
  })
  .meta({ id: "Breakdown" })
  .describe("The figures of each value of a dimension.");

const funnelStep = z
  .object({
    type: z
      .string()
      .meta({ examples: ["add_to_cart"] })
      .describe("The event's type."),
    page: z
      .object({
        operator,
        value: z
          .string()
          .meta({ examples: ["/coats/7"] })
          .describe("The value to compare with."),
      })
      .optional()
      .describe("A condition on the path of the event's page."),
  })
  .meta({ id: "FunnelStep" })
  .describe("The step.");

export const funnelAnswer = z
  .object({
    question: z.literal("funnel").describe("The question that was asked."),
    range,
    filters,
    mode: z
      .enum(["closed", "open"])
      .describe(`Closed: ${DEFINITIONS.funnelClosed} Open: ${DEFINITIONS.funnelOpen}`),
    scope: z.enum(["visit", "visitor"]).describe("Whether visits or visitors were counted."),
    window: count
      .meta({ examples: [86_400_000] })
      .describe("Milliseconds after the first step within which the other steps count."),
    steps: z
      .array(
        z
          .object({
            step: funnelStep,
            count: count.describe("Visits, or visitors, that did the step."),
            shareOfFirst: rate.describe(
              "Share of the first step, from 0 to 1. Null if the first step has a count of 0.",
            ),
            dropOff: nullable(count).describe(
              "How many of the step before did not do this one. Null for the first step, and when open.",
            ),
            dropOffRate: rate.describe("Share of the step before, from 0 to 1. Null where `dropOff` is."),
            timeToNext: z
              .number()
              .nullable()
              .meta({ examples: [92_000] })
              .describe(DEFINITIONS.timeToNext),
          })
          .meta({ id: "FunnelStepFigures" }),
      )
      .describe("The steps, in order."),
  })
  .meta({ id: "Funnel" })
  .describe("How many visits, or visitors, come from step to step.");

const orders = count.describe(DEFINITIONS.orders);

export const attributionAnswer = z
  .object({
    question: z.literal("attribution").describe("The question that was asked."),
    model: z.enum(["first-touch", "last-non-direct"]).describe("Which visit an order is attributed to."),
    range,
    orders,
    revenue,
    rows: z
      .array(
        z.object({
          channel: text("Email", "The channel. Null for orders without a visit."),
          source: text("newsletter", "The source."),
          campaign: text("winter", "The campaign."),
          orders,
          revenue,
        }),
      )
      .describe("A row for each channel, source and campaign, most orders first."),
    rest: z.object({ orders, revenue }).describe("The totals of the rows past the limit."),
  })
  .meta({ id: "AttributedOrders" })
  .describe("Orders and revenue by where the visits came from.");

export const retentionAnswer = z
  .object({
    question: z.literal("retention").describe("The question that was asked."),
    range,
    cohorts: z
      .array(
        z
          .object({
            week: localDay.describe("The Monday of the week."),
            visitors: count.describe("Visitors whose first visit was in the week."),
            active: z
              .array(count)
              .meta({ examples: [[42, 9, 4]] })
              .describe("How many of them began a visit 0, 1, 2, … weeks later."),
          })
          .meta({ id: "RetentionCohort" }),
      )
      .describe(DEFINITIONS.retention),
  })
  .meta({ id: "Retention" })
  .describe("How many visitors come back.");
