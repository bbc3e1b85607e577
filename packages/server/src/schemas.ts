import { ERROR_STATUS, type ErrorCode, isSessionId, type JsonObject } from "coatcheck";
import { z } from "zod";
import { attribution, eventClient, eventPage } from "./visits/schemas.ts";

/*
 * The shapes of requests and responses: Fastify validates with them, and the OpenAPI document shows them. Some JSON
 * members keep the names that older clients use: `sessionId`, `lastActivityAt`, `totalSessions`.
 */

const isoTime = z.string().meta({ format: "date-time" });
const errorCodes = Object.keys(ERROR_STATUS) as ErrorCode[];

/** A JSON object from a client. The library checks its depth and size. */
const jsonObject = z.record(z.string(), z.unknown());
const jsonInput = jsonObject.transform((value) => value as JsonObject);

/** The body of a successful response: `{ success: true, data }`. */
export function success<Data extends z.ZodType>(data: Data) {
  return z.object({ success: z.literal(true), data }).describe("Success.");
}

/** The body of an error response: `{ success: false, error: { code, message, faults? } }`. */
export const failure = z
  .object({
    success: z.literal(false),
    error: z.object({
      code: z.enum(errorCodes),
      message: z.string(),
      faults: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    }),
  })
  .describe("Error. `code` identifies it.");

/** The OpenAPI security of a route that only the admin may call. */
export const adminSecurity = [{ key: ["admin"] }] as const;

/** The error responses that every route may send. */
export const failures = { "4xx": failure, "5xx": failure } as const;

export const sessionParams = z.object({ sessionId: z.string().meta({ format: "uuid" }) });

const subject = z
  .string()
  .min(1)
  .max(256)
  .meta({ examples: ["user-7"] });
const tenant = z.string().min(1).max(256);

export const subjectParams = z.object({ subject });

const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  cursor: z.string().max(512).optional().describe("`next` of the previous page."),
});

export const subjectQuery = pageQuery.strict();

export const subjectEndQuery = z.strictObject({
  // An invalid id would exclude no session, so a typo would end all of them.
  except: z
    .string()
    .refine(isSessionId, "must be a session id")
    .meta({ format: "uuid" })
    .optional()
    .describe("Id of a session to keep."),
});

export const endManyQuery = z.strictObject({
  tenant: tenant.optional().describe("Ends the sessions of this tenant."),
  everyone: z.literal("true").optional().describe("Ends all sessions."),
});

export const listQuery = pageQuery
  .extend({
    subject: subject.optional(),
    tenant: z.string().max(256).optional(),
    visitorId: z.string().max(64).optional(),
    parentId: z.string().max(64).optional(),
    owner: z.string().max(128).optional(),
    type: z.enum(["anonymous", "authenticated"]).optional(),
    state: z
      .enum(["active", "revoked", "any"])
      .default("active")
      .describe("`active`: neither revoked nor expired."),
  })
  .strict();

export const createBody = z
  .strictObject({
    metadata: jsonInput.optional().describe("Set at creation. Cannot be changed later."),
    name: z.string().min(1).max(128).optional(),
    transport: z
      .literal("bearer")
      .optional()
      .describe("Returns the token in the response body instead of a cookie, for clients without cookies."),
  })
  .nullish();

/** `POST /api/v1/sessions` of the service. */
export const createOrLogInBody = createBody
  .unwrap()
  .unwrap()
  .extend({
    subject: subject
      .optional()
      .describe("Logs the new session in (admin and API consumers). The response contains the token."),
    tenant: tenant.optional().describe("Admin and API consumers."),
    rememberMe: z.boolean().optional().describe("Admin and API consumers. As in `authenticate`."),
    client: eventClient.optional().describe("Admin and API consumers: the browser that the session is for."),
    page: eventPage
      .optional()
      .describe(
        "Admin and API consumers: the page that the browser has viewed. It begins a visit, as a `page_view` does.",
      ),
  })
  .nullish()
  // Zod omits `examples` of a schema that transforms its input.
  .meta({
    "x-examples": {
      bearer: { value: { metadata: { customerName: "John Doe" }, transport: "bearer" } },
    },
  });

export const createdSession = z.object({
  sessionId: z.string(),
  createdAt: isoTime,
  metadata: jsonObject,
  token: z.string().optional(),
  visitorId: z.string().optional().describe("With `page`, unless the client's visits are not collected."),
});

const clientView = z
  .object({
    address: z
      .string()
      .nullable()
      .describe("The whole address, its network, or null, depending on `PRIVACY_MODE`."),
    userAgent: z.string().nullable(),
    browser: z.string().nullable().describe("Name and major version, such as `Firefox 140`."),
    os: z.string().nullable(),
    device: z.string().nullable().describe("`desktop`, `mobile`, `tablet`, `tv` or `bot`."),
    country: z.string().nullable().describe("ISO 3166-1 alpha-2 code."),
    city: z.string().nullable(),
  })
  .meta({ id: "Client" });

export const sessionView = z
  .object({
    sessionId: z.string(),
    owner: z.string(),
    type: z.enum(["anonymous", "authenticated"]),
    state: z.enum(["active", "revoked"]),
    reason: z.string().nullable(),
    version: z.number().int(),
    subject: z.string().nullable(),
    tenant: z.string().nullable(),
    visitorId: z.string().nullable().describe("The browser over time; null if its visits are not collected."),
    attribution: attribution.nullable().describe("Where the session's current visit came from."),
    converted: z.boolean().describe("Whether an order was made in the session."),
    orderId: z.string().nullable().describe("The last order of the session."),
    parentId: z.string().nullable(),
    name: z.string().nullable(),
    createdAt: isoTime,
    lastActivityAt: isoTime,
    authenticatedAt: isoTime.nullable(),
    expiresAt: isoTime.describe("When the session ends regardless of activity."),
    idleExpiresAt: isoTime.describe("When the session ends without further activity."),
    rememberMe: z
      .boolean()
      .nullable()
      .describe("The choice at login; null if there was none. `false`: the cookie ends with the browser."),
    elevations: z
      .record(z.string(), isoTime)
      .describe("Maps each scope to the time when its elevation ends."),
    metadata: jsonObject,
    client: clientView
      .nullable()
      .describe("The client that created the session. Null if an API consumer created it."),
  })
  .meta({ id: "Session" });

/** A session with the figures of its visits. */
export const countedSessionView = sessionView.extend({
  pageViews: z
    .number()
    .int()
    .nullable()
    .describe("Page views of the session's visits, up to a second old. Null if no visits are collected."),
});

/** A session after a change of privilege. `token` is absent if the new token was sent as a cookie. */
export const issuedSession = z.object({ session: sessionView, token: z.string().optional() });

export const sessionPage = z.object({
  sessions: z.array(sessionView),
  next: z.string().nullable().describe("`cursor` of the next page. Null on the last page."),
});

const countedAt = isoTime.describe("The time of the counts. Those of a large store are up to a minute old.");

export const sessionStats = z.object({
  totalSessions: z.number().int(),
  activeSessions: z.number().int(),
  oldestSession: isoTime.nullable(),
  newestSession: isoTime.nullable(),
  countedAt,
});

export const ended = z.object({
  ended: z.number().int().describe("Number of sessions that this request ended."),
});

/**
 * The members of a session's data that clients may read and write over HTTP. Members whose names begin with `$` are
 * reserved for the application, whatever credential the request carries: the application trusts their content, so only
 * its own code may write them, through the session manager.
 */
export const UNRESERVED_NAME = /^(?!\$)/;

export const sessionData = z
  .record(z.string().regex(UNRESERVED_NAME), z.unknown(), {
    error: ({ code }) =>
      code === "invalid_key"
        ? "is reserved for the application, like every name that begins with $"
        : undefined,
  })
  .describe("Without the members whose names begin with `$`, which are reserved for the application.");
export const dataPatch = sessionData
  .meta({ examples: [{ cart: { "coat-7": 1 } }] })
  .transform((value) => value as JsonObject)
  .describe("A merge patch (RFC 7396): null removes a member, objects merge.");

export const ifMatchHeader = z.object({
  "if-match": z
    .string()
    .regex(/^(\*|"\d{1,15}")$/, 'must be the ETag of the version to change, such as "3", or *')
    .optional(),
});

export const authenticateBody = z.strictObject({
  subject,
  tenant: tenant.optional(),
  rememberMe: z.boolean().optional(),
});

const DAY = 24 * 60 * 60 * 1000;

export const elevateBody = z.strictObject({
  scope: z
    .string()
    .min(1)
    .max(128)
    .meta({ examples: ["account"] }),
  maxAge: z
    .number()
    .int()
    .min(1)
    .max(DAY)
    .meta({ examples: [600_000] })
    .describe("How long the elevation lasts, in milliseconds."),
});

export const introspectBody = z.strictObject({
  token: z.string().meta({ examples: ["value-of-the-session-cookie"] }),
});

export const introspection = z.discriminatedUnion("active", [
  sessionView.extend({ active: z.literal(true) }),
  z.object({ active: z.literal(false), reason: z.string() }),
]);

export const health = z.object({
  status: z.enum(["healthy", "degraded"]),
  uptime: z.number().describe("Seconds."),
  sessions: z
    .object({ totalSessions: z.number().int(), activeSessions: z.number().int(), countedAt })
    .nullable()
    .describe("Null while the store is unavailable."),
});

export const ready = z.object({ status: z.literal("ready") });
