import { ERROR_STATUS, type ErrorCode, isSessionId, type JsonObject } from "coatcheck";
import { z } from "zod";

/*
 * The shapes of the API, checked at its edge and shown in the OpenAPI document. Where older clients have a word for a
 * thing (`sessionId`, `lastActivityAt`, `totalSessions`), the wire keeps it.
 */

const isoTime = z.string().meta({ format: "date-time" });
const errorCodes = Object.keys(ERROR_STATUS) as ErrorCode[];

/** What an object of JSON is, when it comes in; its depth and size are the library's to judge. */
const jsonObject = z.record(z.string(), z.unknown());
const jsonInput = jsonObject.transform((value) => value as JsonObject);

/** `{ success: true, data }`. */
export function success<Data extends z.ZodType>(data: Data) {
  return z.object({ success: z.literal(true), data }).describe("Done.");
}

/** `{ success: false, error: { code, message, faults? } }`. */
export const failure = z
  .object({
    success: z.literal(false),
    error: z.object({
      code: z.enum(errorCodes),
      message: z.string(),
      faults: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    }),
  })
  .describe("Refused; the code says why.");

/** The answers that every route may give. */
export const failures = { "4xx": failure, "5xx": failure } as const;

export const sessionParams = z.object({ sessionId: z.string().meta({ format: "uuid" }) });

const subject = z.string().min(1).max(256);

export const subjectParams = z.object({ subject });

const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  cursor: z.string().max(512).optional().describe("The `next` of the page before."),
});

export const subjectQuery = pageQuery.strict();

export const subjectEndQuery = z.strictObject({
  // What names no session would spare none, and all would be ended by a slip.
  except: z
    .string()
    .refine(isSessionId, "must be a session's id")
    .meta({ format: "uuid" })
    .optional()
    .describe("The session that is spared."),
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
      .describe("`active`: neither revoked nor timed out."),
  })
  .strict();

export const createBody = z
  .strictObject({
    metadata: jsonInput.optional().describe("Given now, never changed."),
    name: z.string().min(1).max(128).optional(),
    transport: z
      .literal("bearer")
      .optional()
      .describe("Adds the token to the answer, for clients that keep no cookies; no cookie is set."),
  })
  .nullish();

export const createdSession = z.object({
  sessionId: z.string(),
  createdAt: isoTime,
  metadata: jsonObject,
  token: z.string().optional(),
});

const clientView = z
  .object({
    address: z.string().nullable().describe("As much of it as is kept: whole, its network, or nothing."),
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
    visitorId: z.string().nullable(),
    parentId: z.string().nullable(),
    name: z.string().nullable(),
    createdAt: isoTime,
    lastActivityAt: isoTime,
    authenticatedAt: isoTime.nullable(),
    expiresAt: isoTime.describe("The end whatever the activity."),
    idleExpiresAt: isoTime.describe("The end without activity."),
    remembered: z.boolean(),
    elevations: z.record(z.string(), isoTime).describe("Scope → when the elevation ends."),
    metadata: jsonObject,
    client: clientView
      .nullable()
      .describe("Who began it; null where an API consumer did, for somebody else."),
  })
  .meta({ id: "Session" });

/** After a change of privilege: the session, and its new token unless that left as a cookie. */
export const issuedSession = z.object({ session: sessionView, token: z.string().optional() });

export const sessionPage = z.object({
  sessions: z.array(sessionView),
  next: z.string().nullable().describe("`cursor` of the next page; null on the last."),
});

export const sessionStats = z.object({
  totalSessions: z.number().int(),
  activeSessions: z.number().int(),
  oldestSession: isoTime.nullable(),
  newestSession: isoTime.nullable(),
});

export const ended = z.object({ ended: z.number().int().describe("How many sessions were ended.") });

/**
 * Names of data that HTTP may read and write. Those that begin with `$` are the application's own, whatever credential
 * asks: what is written there is the application's word, and only its own code on the session's manager gives it.
 */
export const OPEN_NAME = /^(?!\$)/;

export const sessionData = z
  .record(z.string().regex(OPEN_NAME), z.unknown(), {
    error: ({ code }) =>
      code === "invalid_key" ? "is the application's own, like every name that begins with $" : undefined,
  })
  .describe("Without the members whose names begin with `$`, which are the application's own.");
export const dataPatch = sessionData
  .transform((value) => value as JsonObject)
  .describe("A merge patch (RFC 7396): null removes, objects merge.");

export const ifMatchHeader = z.object({
  "if-match": z
    .string()
    .regex(/^(\*|"\d{1,15}")$/, 'must be the ETag of the version that is to be changed, such as "3", or *')
    .optional(),
});

export const authenticateBody = z.strictObject({
  subject,
  tenant: z.string().min(1).max(256).optional(),
  remember: z.boolean().optional(),
});

const DAY = 24 * 60 * 60 * 1000;

export const elevateBody = z.strictObject({
  scope: z.string().min(1).max(128),
  maxAge: z.number().int().min(1).max(DAY).describe("How long it counts, milliseconds."),
});

export const introspectBody = z.strictObject({ token: z.string() });

export const introspection = z.discriminatedUnion("active", [
  sessionView.extend({ active: z.literal(true) }),
  z.object({ active: z.literal(false), reason: z.string() }),
]);

export const health = z.object({
  status: z.enum(["healthy", "degraded"]),
  uptime: z.number().describe("Seconds."),
  sessions: z
    .object({ totalSessions: z.number().int(), activeSessions: z.number().int() })
    .nullable()
    .describe("Null while the store does not answer."),
});

export const ready = z.object({ status: z.literal("ready") });
