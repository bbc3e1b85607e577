import { DEFINITIONS } from "coatcheck/visit/questions";
import { z } from "zod";
import {
  count,
  isoTime,
  nextCursor,
  nullable,
  sessionIdText,
  subject,
  tenant,
  visitIdText,
  visitorIdText,
} from "../fields.ts";
import { revenue } from "./answer-schemas.ts";

/*
 * Schemas of the visits that the analytics queries of `coatcheck/visit/questions` return. The service sends the visits
 * unchanged.
 */

const text = (example: string, description: string) =>
  z
    .string()
    .nullable()
    .meta({ examples: [example] })
    .describe(description);

const source = z
  .object({
    channel: z
      .string()
      .meta({ examples: ["Email"] })
      .describe("The channel. `Direct` without a source."),
    source: text("newsletter", "The source."),
    medium: text("email", "The medium."),
    campaign: text("winter", "The campaign."),
  })
  .meta({ id: "VisitSource" });

const visit = z
  .object({
    id: visitIdText,
    tenant: nullable(tenant),
    visitorId: visitorIdText,
    sessionId: nullable(sessionIdText).describe("The session of the first event."),
    subject: nullable(subject).describe("The last subject that was logged in during the visit."),
    startedAt: isoTime.describe("When the visit began."),
    lastActivityAt: isoTime.describe("The time of the visit's last event."),
    isFirst: z.boolean().describe("Whether it is the visitor's first visit ever."),
    entry: source.describe("The visit's own source."),
    lastNonDirect: source.describe(DEFINITIONS.channel),
    firstTouch: source.describe(DEFINITIONS.firstTouchChannel),
    referrer: text("search.example", "The host that linked to the visit's first page."),
    entryPage: text("/coats/7", "Path of the first page."),
    exitPage: text("/checkout", "Path of the last page."),
    country: text("CH", "ISO 3166-1 alpha-2 code."),
    device: text("desktop", "`desktop`, `mobile`, `tablet` or `tv`."),
    browser: text("Firefox", "The browser's name."),
    os: text("Linux", "The operating system."),
    pageViews: count.describe("Pages viewed."),
    visibleTime: z
      .number()
      .meta({ examples: [41_300] })
      .describe("Milliseconds for which the pages were visible."),
    isEngaged: z.boolean().describe("Two or more page views, 10 seconds of visible time, or a key event."),
    orders: count.describe("Orders of the visit."),
    revenue,
  })
  .meta({ id: "Visit" })
  .describe("One visit.");

const timelineEvent = z
  .object({
    id: z
      .string()
      .meta({ examples: ["0195f1c2-9b3c-7d4e-8f55-0a1b2c3d4e5f"] })
      .describe("The event's id."),
    type: z
      .string()
      .meta({ examples: ["add_to_cart"] })
      .describe("The event's type."),
    at: isoTime.describe("When it happened."),
    origin: z.enum(["browser", "backend"]).describe("Who reported it."),
    sessionId: nullable(sessionIdText),
    subject: nullable(subject),
    page: z
      .object({
        path: z
          .string()
          .meta({ examples: ["/coats/7"] })
          .describe("The page's path."),
        title: text("Winter coat", "The page's title."),
      })
      .nullable()
      .describe("The page that it happened on."),
    visibleTime: z
      .number()
      .nullable()
      .meta({ examples: [12_500] })
      .describe("For `page_time`: milliseconds for which the page was visible."),
    isKey: z.boolean().describe("Whether a visit with this event counts as engaged."),
    order: z
      .object({
        orderId: z
          .string()
          .meta({ examples: ["order-1001"] })
          .describe("The order's id."),
        revenue: count.meta({ examples: [12_900] }).describe("In minor units, such as cents."),
        currency: z
          .string()
          .meta({ examples: ["EUR"] })
          .describe("ISO 4217 code."),
      })
      .nullable()
      .describe("The order, for `order_completed`."),
    properties: z
      .record(z.string(), z.unknown())
      .meta({ examples: [{ product: 7 }] })
      .describe("More about the event, as it was reported."),
  })
  .meta({ id: "TimelineEvent" })
  .describe("One event.");

const events = z
  .array(timelineEvent)
  .describe("The events, oldest first. Empty once they have been deleted, by default after 90 days.");

export const visitTimelineAnswer = z
  .object({
    question: z.literal("visitTimeline").describe("The question that was asked."),
    visit,
    events,
    next: nextCursor,
  })
  .meta({ id: "VisitTimeline" })
  .describe("The events of a visit.");

export const sessionTimelineAnswer = z
  .object({
    question: z.literal("sessionTimeline").describe("The question that was asked."),
    visits: z.array(visit).describe("The visits in which the session has events, oldest first."),
    events,
    next: nextCursor,
  })
  .meta({ id: "SessionTimeline" })
  .describe("The visits and events of a session.");

export const journeyAnswer = z
  .object({
    question: z.enum(["customerJourney", "visitorJourney"]).describe("The question that was asked."),
    totals: z
      .object({
        visits: count.describe("All visits."),
        visitors: count.describe("Browsers that the visits came from."),
        orders: count.describe("All orders. A customer's: those that the customer placed."),
        revenue,
        firstVisitAt: isoTime.describe("When the first visit began."),
        lastVisitAt: isoTime.describe("When the last visit began."),
      })
      .nullable()
      .describe("Of all visits, not only those of this page. Null without visits."),
    visits: z.array(visit).describe("The visits, newest first."),
    next: nextCursor,
  })
  .meta({ id: "Journey" })
  .describe("The visits of a customer or a visitor.");
