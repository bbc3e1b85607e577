import { z } from "zod";
import { StartError } from "./start-error.ts";

/** Where sessions are stored. */
export type Database =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "postgres" | "redis"; readonly url: string }
  | ({ readonly kind: "upstash" } & Upstash);

/** A Redis database hosted by Upstash, accessed over its REST API. */
export interface Upstash {
  readonly url: string;
  readonly token: string;
}

/** The parsed value of `DATABASE_URL`. For `upstash`, two further variables contain the address and the token. */
export type DatabaseVariable = Exclude<Database, Upstash> | "upstash";

interface UpstashVariables {
  readonly UPSTASH_REDIS_REST_URL: string | null;
  readonly UPSTASH_REDIS_REST_TOKEN: string | null;
}

/** Parses `DATABASE_URL`. */
export const databaseVariable = z.string().transform((text, context): DatabaseVariable => {
  if (text === "upstash") return text;
  const file = /^sqlite:(?!:memory:$)(.+)$/.exec(text)?.[1];
  if (file !== undefined) return { kind: "sqlite", path: file };
  if (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text)) return { kind: "postgres", url: text };
  if (/^rediss?:\/\//.test(text) && URL.canParse(text)) return { kind: "redis", url: text };
  context.addIssue("must be sqlite:<path of a file>, postgres://…, redis://… or upstash");
  return z.NEVER;
});

/** The two environment variables with the address and the token of an Upstash database. */
export const upstashVariables = {
  UPSTASH_REDIS_REST_URL: z
    .string()
    .refine((text) => /^https?:\/\//.test(text) && URL.canParse(text), "must be https://….upstash.io")
    .nullable()
    .default(null),
  UPSTASH_REDIS_REST_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]+$/, "must be the token of the REST interface, without spaces")
    .nullable()
    .default(null),
};

/**
 * Returns the Upstash database that the two variables describe, or null if both are absent. If only one is absent,
 * reports an error.
 */
export function upstashOf(data: UpstashVariables): Upstash | null {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = data;
  if (url !== null && token !== null) return { url, token };
  if (url === null && token === null) return null;
  const [missing, present] = url === null ? ["URL", "TOKEN"] : ["TOKEN", "URL"];
  throw new StartError([
    `UPSTASH_REDIS_REST_${missing} must be set, because UPSTASH_REDIS_REST_${present} is.`,
  ]);
}

/** Returns the configured database. Throws `StartError` for `upstash` if its two variables are missing. */
export function databaseOf(database: DatabaseVariable, upstash: Upstash | null): Database {
  if (database !== "upstash") return database;
  if (upstash) return { kind: "upstash", ...upstash };
  throw new StartError([
    "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN must be set with DATABASE_URL=upstash.",
  ]);
}
