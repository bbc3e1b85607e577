import { z } from "zod";
import { nullable, visitorIdText } from "../fields.ts";

/*
 * Schemas of requests and responses that track visits.
 */

const uuid = z.uuid().meta({ examples: ["0195f1c2-7c1e-4a6b-9d55-3f0e8a1b2c3d"] });

/** Example body: a view of a product page. */
const TRACK_EXAMPLE = {
  page: { url: "https://shop.example/coats/7?utm_source=newsletter&utm_medium=email" },
  client: {
    userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  },
  events: [{ type: "page_view" }, { type: "product_view", properties: { product: 7 } }],
};

/** The page of an event. */
export const eventPage = z.strictObject({
  id: uuid
    .optional()
    .describe(
      "UUID of this view of the page, the same for all its events. A page is counted once. Default: a new one.",
    ),
  url: z
    .url({ protocol: /^https?$/ })
    .max(4096)
    .meta({ examples: ["https://shop.example/coats/7?utm_source=newsletter"] })
    .describe("The page's address. UTM parameters and click ids in it decide where the visit comes from."),
  referrer: z
    .string()
    .max(2048)
    .meta({ examples: ["https://search.example/"] })
    .optional()
    .describe("The `Referer` header of the page's request."),
  title: z
    .string()
    .max(256)
    .meta({ examples: ["Winter coat"] })
    .optional()
    .describe("The page's title."),
});

/** The browser that caused the events. */
export const eventClient = z.strictObject({
  address: z
    .union([z.ipv4(), z.ipv6()])
    .meta({ examples: ["203.0.113.7"] })
    .optional()
    .describe("The browser's IP address."),
  userAgent: z
    .string()
    .max(2048)
    .meta({ examples: ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"] })
    .optional()
    .describe(
      "The browser's `User-Agent` header. Default: that of the session. Bots are counted and not tracked.",
    ),
});

/** One event. */
export const trackedEvent = z.strictObject({
  id: uuid
    .optional()
    .describe("UUID of the event. An event that is sent twice is counted once. Default: a new one."),
  type: z
    .string()
    .max(64)
    .meta({ examples: ["add_to_cart"] })
    .describe(
      "`page_view`, `page_time`, `product_view`, `search`, `add_to_cart`, `remove_from_cart`, `begin_checkout`, `login`, or an event named in `VISITS_EVENTS`. Orders are reported by `convert`.",
    ),
  ago: z
    .number()
    .int()
    .min(0)
    .max(48 * 60 * 60_000)
    .default(0)
    .meta({ examples: [250] })
    .describe("How many milliseconds ago it happened."),
  visibleTime: z
    .number()
    .min(0)
    .meta({ examples: [12_500] })
    .optional()
    .describe("For `page_time`: milliseconds for which the page was visible."),
  properties: z
    .record(z.string(), z.unknown())
    .meta({ examples: [{ product: 7 }] })
    .optional()
    .describe("More about the event. At most 4 KB, nested at most four levels deep."),
});

export const trackBody = z
  .strictObject({
    page: eventPage
      .optional()
      .describe(
        "The page that the browser was on. With it, the events extend and begin visits, as the browser's own do. Without it, they belong to the last visit of the session.",
      ),
    client: eventClient.optional().describe("The browser that caused the events."),
    events: z.array(trackedEvent).min(1).max(50).describe("The events, oldest first."),
  })
  .meta({ examples: [TRACK_EXAMPLE] });

export const trackResult = z.object({
  accepted: z
    .number()
    .int()
    .meta({ examples: [2] })
    .describe("How many events were collected. 0 for a client that is not a person, and after an opt-out."),
  visitorId: nullable(visitorIdText).describe("The session's visitor. Null if nothing is collected."),
});

export const convertBody = z.strictObject({
  orderId: z
    .string()
    .min(1)
    .max(128)
    .meta({ examples: ["order-1001"] })
    .describe("The order's id. An order that is reported twice counts once."),
  revenue: z
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .meta({ examples: [12_900] })
    .describe("In minor units, such as cents."),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, "must be an ISO 4217 code, such as EUR")
    .meta({ examples: ["EUR"] })
    .describe("ISO 4217 code."),
});

/** The source of a session's current visit. */
export const attribution = z
  .object({
    channel: z
      .string()
      .meta({ examples: ["Email"] })
      .describe("Such as `Organic Search`; `Direct` without a source."),
    source: z
      .string()
      .nullable()
      .meta({ examples: ["newsletter"] })
      .describe("`utm_source`, or the name of the linking site."),
    medium: z
      .string()
      .nullable()
      .meta({ examples: ["email"] })
      .describe("`utm_medium`."),
    campaign: z
      .string()
      .nullable()
      .meta({ examples: ["winter"] })
      .describe("`utm_campaign`."),
    term: z
      .string()
      .nullable()
      .meta({ examples: ["warm coat"] })
      .describe("`utm_term`."),
    content: z
      .string()
      .nullable()
      .meta({ examples: ["header-link"] })
      .describe("`utm_content`."),
    referrer: z
      .string()
      .nullable()
      .meta({ examples: ["search.example"] })
      .describe("The host that linked to the visit's first page."),
    clickId: z
      .string()
      .nullable()
      .meta({ examples: ["gclid", null] })
      .describe("The name of the click id in the address. Its value is not kept."),
    landingPage: z
      .string()
      .meta({ examples: ["/coats/7"] })
      .describe("Path of the visit's first page."),
  })
  .meta({ id: "Attribution" })
  .describe("Where a visit came from.");
