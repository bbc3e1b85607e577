import { z } from "zod";

/*
 * Schemas of fields that appear in several requests and responses. Each has a description and an example for the API
 * reference and for client generators.
 */

/** A point in time. */
export const isoTime = z.string().meta({ format: "date-time", examples: ["2026-03-01T09:30:00.000Z"] });

/** A day in the operator's time zone. */
export const localDay = z.string().meta({ format: "date", examples: ["2026-03-01"] });

/** A count. */
export const count = z
  .number()
  .int()
  .meta({ examples: [42] });

export const sessionIdText = z
  .string()
  .meta({ format: "uuid", examples: ["0195f1c2-7c1e-4a6b-9d55-3f0e8a1b2c3d"] })
  .describe("The session's id. It names the session and opens nothing.");

export const visitorIdText = z
  .string()
  .max(64)
  .meta({ examples: ["7d6c4e1a-52b8-4f0e-9a3d-1c2b3a4d5e6f"] })
  .describe("The visitor's id: one browser over time.");

export const visitIdText = z
  .string()
  .max(64)
  .meta({ examples: ["0195f1c2-8a2f-7b6c-8d44-2e1f0a9b8c7d"] })
  .describe("The visit's id.");

/** The user whom a session belongs to. */
export const subject = z
  .string()
  .min(1)
  .max(256)
  .meta({ examples: ["user-7"] })
  .describe("The application's id of the user.");

export const tenant = z
  .string()
  .min(1)
  .max(256)
  .meta({ examples: ["shop-1"] })
  .describe("The customer of the application to which the session belongs, where it has several.");

/** The secret of a session. */
export const tokenText = z
  .string()
  .meta({ examples: ["AZXxwnweSmudVT8OihssPQf3kQm1c5rY2bVtT0uXn8eW"] })
  .describe("The session's token, for clients that store it themselves. It is a secret.");

/** The page size of a list. */
export const limit = z.coerce
  .number()
  .int()
  .min(1)
  .max(1000)
  .meta({ examples: [50] })
  .describe("The most entries of a page.");

/** The cursor at which a page of a list starts. */
export const cursor = z
  .string()
  .meta({ examples: ["bmV4dCBwYWdl"] })
  .describe("`next` of the previous page.");

/** The cursor of the next page. */
export const nextCursor = z
  .string()
  .nullable()
  .meta({ examples: ["bmV4dCBwYWdl", null] })
  .describe("`cursor` of the next page. Null on the last page.");

/** A JSON object. */
export const jsonObject = z.record(z.string(), z.unknown());

/**
 * Makes a schema nullable. Repeats its description and examples, because client generators ignore them inside `anyOf`.
 */
export function nullable<Schema extends z.ZodType>(schema: Schema) {
  const { description, examples } = schema.meta() ?? {};
  return schema.nullable().meta({ description, ...(Array.isArray(examples) ? { examples } : {}) });
}
