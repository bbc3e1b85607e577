import { z } from "zod";
import {
  count,
  isoTime,
  jsonObject,
  nextCursor,
  nullable,
  sessionIdText,
  subject,
  tenant,
  tokenText,
  visitorIdText,
} from "./fields.ts";
import { attribution } from "./visits/schemas.ts";

/*
 * Schemas of responses about sessions.
 */

const metadata = jsonObject
  .meta({ examples: [{ customerName: "John Doe" }] })
  .describe("What the application stored when it created the session.");
const createdAt = isoTime.describe("When the session was created.");

export const createdSession = z.object({
  sessionId: sessionIdText,
  createdAt,
  metadata,
  token: tokenText.optional(),
  visitorId: visitorIdText.optional().describe("With `page`, unless the client's visits are not collected."),
});

const clientView = z
  .object({
    address: z
      .string()
      .nullable()
      .meta({ examples: ["203.0.113.0/24"] })
      .describe("The complete IP address, its network, or null, depending on `PRIVACY_MODE`."),
    userAgent: z
      .string()
      .nullable()
      .meta({ examples: ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"] })
      .describe("The `User-Agent` header."),
    browser: z
      .string()
      .nullable()
      .meta({ examples: ["Firefox 140"] })
      .describe("Name and major version, such as `Firefox 140`."),
    os: z
      .string()
      .nullable()
      .meta({ examples: ["Linux"] })
      .describe("The operating system."),
    device: z
      .string()
      .nullable()
      .meta({ examples: ["desktop"] })
      .describe("`desktop`, `mobile`, `tablet`, `tv` or `bot`."),
    country: z
      .string()
      .nullable()
      .meta({ examples: ["CH"] })
      .describe("ISO 3166-1 alpha-2 code."),
    city: z
      .string()
      .nullable()
      .meta({ examples: ["Basel"] })
      .describe("The city, in English."),
  })
  .meta({ id: "Client" })
  .describe("The client that created a session.");

export const sessionView = z
  .object({
    sessionId: sessionIdText,
    owner: z
      .string()
      .meta({ examples: ["consumer:shop"] })
      .describe(
        "Who created the session: `consumer:` with a name, `browser:` with the id of the browser's session, or `actor:` with the administrator's subject.",
      ),
    type: z.enum(["anonymous", "authenticated"]).describe("`authenticated`: the session has a subject."),
    state: z.enum(["active", "revoked"]).describe("`revoked`: the session was ended and stays ended."),
    reason: z
      .string()
      .nullable()
      .meta({ examples: ["logout", null] })
      .describe("Why the session was ended. Null while it is active."),
    version: z
      .number()
      .int()
      .meta({ examples: [3] })
      .describe("Grows with every change of the session. The `ETag` of its data."),
    subject: nullable(subject),
    actor: z
      .object({
        subject: subject.describe("The administrator's own subject."),
        reason: z
          .string()
          .meta({ examples: ["ticket 4711"] })
          .describe("Why the administrator acts for the subject."),
      })
      .nullable()
      .describe("The administrator who acts for the subject; null unless the subject is impersonated."),
    tenant: nullable(tenant),
    visitorId: nullable(visitorIdText).describe(
      "The browser over time; null if its visits are not collected.",
    ),
    attribution: attribution.nullable().describe("Where the session's current visit came from."),
    converted: z.boolean().describe("Whether an order was made in the session."),
    orderId: z
      .string()
      .nullable()
      .meta({ examples: ["order-1001"] })
      .describe("The last order of the session."),
    parentId: nullable(sessionIdText).describe("The session that this one was created under, or null."),
    name: z
      .string()
      .nullable()
      .meta({ examples: ["checkout"] })
      .describe("A name for people."),
    createdAt,
    lastActivityAt: isoTime.describe("The last activity of the user, up to a minute old."),
    authenticatedAt: nullable(isoTime).describe("When the user logged in. Null without a login."),
    expiresAt: isoTime.describe("When the session ends regardless of activity."),
    idleExpiresAt: isoTime.describe("When the session ends without further activity."),
    rememberMe: z
      .boolean()
      .nullable()
      .describe("The choice at login; null if there was none. `false`: the cookie ends with the browser."),
    elevations: z
      .record(z.string(), isoTime)
      .meta({ examples: [{ account: "2026-03-01T09:40:00.000Z" }] })
      .describe("Maps each scope to the time when its elevation ends."),
    metadata,
    client: clientView
      .nullable()
      .describe("The client that created the session. Null if an API consumer created it."),
  })
  .meta({ id: "Session" })
  .describe("A session.");

/** A session with the number of page views of its visits. */
export const countedSessionView = sessionView
  .extend({
    pageViews: nullable(count).describe(
      "Page views of the session's visits, up to a second old. Null if no visits are collected.",
    ),
  })
  .meta({ id: "CountedSession" })
  .describe("A session with the number of page views of its visits.");

/** A session with a new token, after a login, elevation or rotation. `token` is absent if it was sent as a cookie. */
export const issuedSession = z.object({ session: sessionView, token: tokenText.optional() });

export const sessionPage = z.object({
  sessions: z.array(sessionView).describe("The sessions of the page."),
  next: nextCursor,
});

const countedAt = isoTime.describe("The time of the counts. Those of a large store are up to a minute old.");

const sessionCounts = {
  totalSessions: count.describe("Stored sessions, ended ones included."),
  activeSessions: count.describe("Sessions that are neither ended nor expired."),
  countedAt,
};

export const sessionStats = z.object({
  totalSessions: sessionCounts.totalSessions,
  activeSessions: sessionCounts.activeSessions,
  oldestSession: nullable(isoTime).describe("When the oldest active session was created. Null without one."),
  newestSession: nullable(isoTime).describe("When the newest active session was created. Null without one."),
  countedAt,
});

export const ended = z.object({
  ended: count.describe("Number of sessions that this request ended."),
});

export const introspection = z.discriminatedUnion("active", [
  sessionView.extend({ active: z.literal(true).describe("The token opens a session.") }),
  z.object({
    active: z.literal(false).describe("The token opens no session."),
    reason: z
      .string()
      .meta({ examples: ["expired"] })
      .describe("Why the token opens no session."),
  }),
]);

export const health = z.object({
  status: z.enum(["healthy", "degraded"]).describe("`degraded`: the store is unavailable."),
  uptime: count.describe("Seconds since the process started."),
  sessions: z
    .object(sessionCounts)
    .nullable()
    .describe("The number of sessions. Null while the store is unavailable."),
});

export const ready = z.object({ status: z.literal("ready").describe("The service can handle requests.") });
