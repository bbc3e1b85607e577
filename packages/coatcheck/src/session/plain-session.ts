import { isJsonObject } from "./json.ts";
import type { SessionState, SessionType } from "./record.ts";

/**
 * A session handle as `console.log` and `JSON.stringify` show it: a plain object, without the token and the hashes of
 * its secrets.
 */
export interface PlainSession<Data> {
  readonly id: string;
  /** `new` while nothing is stored. */
  readonly state: "new" | SessionState;
  readonly type: SessionType;
  readonly subject: string | null;
  readonly tenant: string | null;
  /** The data with the pending assignments. */
  readonly data: Data;
}

/** The method that `util.inspect` and `console.log` call. Registered globally, so this needs no import of `node:util`. */
export const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** `util.inspect`, as it passes itself to a method named {@link INSPECT}. */
export type Inspect = (value: unknown, options: object) => string;

/** Copies JSON at any depth, views of drafts included. Other values stay as they are: a printed session must not throw. */
export function plainCopy<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(plainCopy) as Value;
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plainCopy(inner)])) as Value;
}
