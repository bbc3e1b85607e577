import type { Fault } from "coatcheck";
import type { FastifySchema, FastifySchemaCompiler } from "fastify";
import type { z } from "zod";
import { invalidInputError } from "./invalid.ts";

type RawIssue = Parameters<z.core.$ZodErrorMap>[0];

/** Maps Zod's name of each expected type to its name in error messages. */
const TYPE_PHRASES: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "an array",
  object: "an object",
  record: "an object",
  null: "null",
};

/** Maps Zod's name of each string format to its name in error messages. */
const FORMAT_PHRASES: Readonly<Record<string, string>> = {
  uuid: "a UUID",
  guid: "a UUID",
  email: "an email address",
  url: "a URL",
  datetime: "a time such as 2026-03-01T09:30:00Z",
  date: "a date such as 2026-03-01",
};

/**
 * Compiles the Zod schema of a route. A request that violates it gets `VALIDATION_FAILED` with one fault per violation.
 */
export const compileValidator: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  (data) => {
    const result = schema.safeParse(data, { error: messageOf });
    if (result.success) return { value: result.data };
    return { error: invalidInputError("request", result.error.issues.flatMap(faultsOf)) };
  };

/**
 * Rejects members of a body that the route would ignore, such as `except` in the body of a DELETE.
 *
 * @param schema the schema of the route; undefined for a route that reads the request itself.
 */
export function refuseIgnoredBody(schema: FastifySchema | undefined, body: unknown): void {
  if (schema === undefined || schema.body !== undefined) return;
  if (typeof body !== "object" || body === null || Object.keys(body).length === 0) return;
  const message = "is not a known member: this request has no body";
  throw invalidInputError(
    "request",
    Object.keys(body).map((path) => ({ path, message })),
  );
}

/** Returns a predicate such as `must be a string`, so that the path followed by the message is a sentence. */
function messageOf(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined) return "is required";
      return `must be ${TYPE_PHRASES[issue.expected] ?? issue.expected}${describeType(issue.input)}`;
    case "invalid_value":
      if (issue.input === undefined) return "is required";
      return `must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.join(", ")}`;
    case "too_small":
      return boundMessage(issue.origin, "at least", Number(issue.minimum));
    case "too_big":
      return boundMessage(issue.origin, "at most", Number(issue.maximum));
    case "invalid_format":
      return `must be ${FORMAT_PHRASES[issue.format] ?? "in the documented format"}`;
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "invalid_union":
      return "must have one of the documented forms";
    default:
      return undefined;
  }
}

function boundMessage(origin: string, bound: "at least" | "at most", limit: number): string {
  if (origin === "string" && bound === "at least" && limit === 1) return "must not be empty";
  if (origin === "string") return `must have ${bound} ${limit} ${limit === 1 ? "character" : "characters"}`;
  if (origin === "array" || origin === "set")
    return `must have ${bound} ${limit} ${limit === 1 ? "item" : "items"}`;
  if (origin === "object") return `must have ${bound} ${limit} ${limit === 1 ? "member" : "members"}`;
  return `must be ${bound} ${limit}`;
}

/**
 * Returns the end of the message, which names the type of the invalid value. Never repeats the value, because it may be
 * a token.
 */
function describeType(input: unknown): string {
  if (input === null) return ", not null";
  if (Array.isArray(input)) return ", not an array";
  switch (typeof input) {
    case "string":
      return ", not a string";
    case "object":
      return ", not an object";
    case "boolean":
      return ", not true or false";
    default:
      return "";
  }
}

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const path = issue.path.map(String);
  if (issue.code !== "unrecognized_keys") return [{ path: path.join("."), message: issue.message }];
  return issue.keys.map((key) => ({ path: [...path, key].join("."), message: "is not a known member" }));
}
