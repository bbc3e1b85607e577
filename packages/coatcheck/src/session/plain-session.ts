import { isJsonObject } from "./json.ts";
import type { SessionState, SessionType } from "./record.ts";

/**
 * The output of `console.log` and `JSON.stringify` for a session handle: a plain object, without the token and the
 * hashes of its secrets.
 */
export interface PlainSession<Data> {
  readonly id: string;
  /** `new` until the session is stored. */
  readonly state: "new" | SessionState;
  readonly type: SessionType;
  readonly subject: string | null;
  readonly tenant: string | null;
  /** The data with the pending assignments. */
  readonly data: Data;
}

/**
 * The name of the method that `util.inspect` and `console.log` call. A global symbol, so `node:util` need not be
 * imported.
 */
export const INSPECT_METHOD = Symbol.for("nodejs.util.inspect.custom");

/** The type of `util.inspect`. Node passes this function to each method named {@link INSPECT_METHOD}. */
export type InspectFunction = (value: unknown, options: object) => string;

/**
 * Copies JSON at any depth, including the proxies through which an application changes it. Returns other values
 * unchanged, because printing a session must not throw.
 */
export function toPlainCopy<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(toPlainCopy) as Value;
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, toPlainCopy(inner)]),
  ) as Value;
}
