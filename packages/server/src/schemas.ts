import { ERROR_STATUS, type ErrorCode, isSessionId, type JsonObject } from "coatcheck";
import { z } from "zod";
import {
  cursor,
  jsonObject,
  limit,
  sessionIdText,
  subject,
  tenant,
  tokenText,
  visitorIdText,
} from "./fields.ts";
import { eventClient, eventPage } from "./visits/schemas.ts";

/*
 * Schemas of requests and responses. Fastify validates with them, and the OpenAPI document contains them. Some JSON
 * members keep the names that older clients use: `sessionId`, `lastActivityAt`, `totalSessions`.
 */

const errorCodes = Object.keys(ERROR_STATUS) as ErrorCode[];

/** A JSON object from a client. The library checks its depth and size. */
const jsonInput = jsonObject.transform((value) => value as JsonObject);

/** The body of a successful response: `{ success: true, data }`. */
export function success<Data extends z.ZodType>(data: Data) {
  return z
    .object({
      success: z.literal(true).describe("True for every response without an error."),
      data: data.describe(data.description ?? "The result."),
    })
    .describe("Success.");
}

/** The body of an error response: `{ success: false, error: { code, message, faults? } }`. */
export const failure = z
  .object({
    success: z.literal(false).describe("False for every error."),
    error: z
      .object({
        code: z.enum(errorCodes).describe("Identifies the kind of error. Programs decide by it."),
        message: z
          .string()
          .meta({ examples: ["Session not found."] })
          .describe("Describes the error, for developers."),
        faults: z
          .array(
            z.object({
              path: z
                .string()
                .meta({ examples: ["subject"] })
                .describe("Where in the request the fault is."),
              message: z
                .string()
                .meta({ examples: ["must not be empty"] })
                .describe("Describes the fault."),
            }),
          )
          .optional()
          .describe("Each fault of an invalid request."),
      })
      .describe("The error."),
  })
  .meta({ id: "Failure" })
  .describe("Error. `code` identifies it.");

/** The OpenAPI security of a route that only the admin may call. */
export const adminSecurity = [{ key: ["admin"] }] as const;

/** The error responses that every route may send. */
export const failures = { "4xx": failure, "5xx": failure } as const;

export const sessionParams = z.object({ sessionId: sessionIdText });

export const subjectParams = z.object({ subject });

const pageQuery = z.object({
  limit: limit.default(50),
  cursor: cursor.max(512).optional(),
});

export const subjectQuery = pageQuery.strict();

export const endSubjectSessionsQuery = z.strictObject({
  // Must be a valid id: an invalid id would exclude no session, so that a typo would end all sessions.
  except: z
    .string()
    .refine(isSessionId, "must be a session id")
    .meta({ format: "uuid", examples: ["0195f1c2-7c1e-4a6b-9d55-3f0e8a1b2c3d"] })
    .optional()
    .describe("Id of a session to keep."),
});

export const endSessionsQuery = z.strictObject({
  tenant: tenant.optional().describe("Ends the sessions of this tenant."),
  everyone: z.literal("true").optional().describe("Ends all sessions."),
});

export const listQuery = pageQuery
  .extend({
    subject: subject.optional().describe("Lists the sessions of this user."),
    tenant: tenant.min(0).optional().describe("Lists the sessions of this tenant."),
    visitorId: visitorIdText.optional().describe("Lists the sessions of this visitor."),
    parentId: sessionIdText.max(64).optional().describe("Lists the sessions under this one."),
    owner: z
      .string()
      .max(128)
      .meta({ examples: ["consumer:shop"] })
      .optional()
      .describe("Lists the sessions of this owner."),
    type: z
      .enum(["anonymous", "authenticated"])
      .optional()
      .describe("`authenticated`: with a subject. `anonymous`: without."),
    state: z
      .enum(["active", "revoked", "any"])
      .default("active")
      .describe("`active`: neither revoked nor expired."),
  })
  .strict();

export const createBody = z
  .strictObject({
    metadata: jsonInput.optional().describe("Set at creation. Cannot be changed later."),
    name: z
      .string()
      .min(1)
      .max(128)
      .meta({ examples: ["checkout"] })
      .optional()
      .describe("A name for people. Lists show it."),
    transport: z
      .literal("bearer")
      .optional()
      .describe("Returns the token in the response body instead of a cookie, for clients without cookies."),
  })
  .nullish();

/** The body of `POST /api/v1/sessions`. */
export const createOrLogInBodySchema = createBody
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

/**
 * Matches the names of data members that clients may read and write over HTTP. Members whose names begin with `$` are
 * reserved for the application, even if the request carries an API key. The application trusts their content, so only
 * its own code may write them, through the session manager.
 */
export const UNRESERVED_NAME_PATTERN = /^(?!\$)/;

export const sessionData = z
  .record(z.string().regex(UNRESERVED_NAME_PATTERN), z.unknown(), {
    error: ({ code }) =>
      code === "invalid_key"
        ? "is reserved for the application, like every name that begins with $"
        : undefined,
  })
  .describe("Without the members whose names begin with `$`, which are reserved for the application.");
export const dataPatch = sessionData
  .meta({ id: "DataPatch", examples: [{ cart: { "coat-7": 1 } }] })
  .describe("A merge patch (RFC 7396): null removes a member, objects merge.")
  .transform((value) => value as JsonObject);

export const ifMatchHeader = z.object({
  "if-match": z
    .string()
    .regex(/^(\*|"\d{1,15}")$/, 'must be the ETag of the version to change, such as "3", or *')
    .meta({ examples: ['"3"'] })
    .optional()
    .describe(
      "The `ETag` of the version to change. Another version responds 412. Without it, the change applies to any.",
    ),
});

export const authenticateBody = z.strictObject({
  subject,
  tenant: tenant.optional(),
  rememberMe: z
    .boolean()
    .optional()
    .describe(
      "`true`: the cookie lasts longer. `false`: it ends with the browser. Default: until the absolute timeout.",
    ),
});

const DAY = 24 * 60 * 60 * 1000;

export const elevateBody = z.strictObject({
  scope: z
    .string()
    .min(1)
    .max(128)
    .meta({ examples: ["account"] })
    .describe("A name for the actions that the user may take for a while, such as `account`."),
  // At least one second: a smaller number is probably meant as seconds.
  maxAge: z
    .number()
    .int()
    .min(1000)
    .max(DAY)
    .meta({ examples: [600_000] })
    .describe("How long the elevation lasts, in milliseconds."),
});

export const introspectBody = z.strictObject({
  token: tokenText
    .meta({ examples: ["value-of-the-session-cookie"] })
    .describe("Value of the session cookie, or a bearer token."),
});
