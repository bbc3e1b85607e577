import { misuse, shown, UsageError } from "./usage-error.ts";

/** The keys of an options type; of a union, those of every member. */
type KeyOf<Options> = Options extends unknown ? keyof Options & string : never;

/** The type of an option; of a union, that of every member. */
type ValueOf<Options, Key> = Options extends unknown
  ? Key extends keyof Options
    ? Exclude<Options[Key], undefined>
    : never
  : never;

/** The check of an option's value by {@link requireKnownOptions}; `true` for a value that the callee checks. */
type Requirement = true | keyof typeof REQUIREMENTS;

type RequirementOf<Value> = [Value] extends [boolean]
  ? "boolean"
  : [Value] extends [(...args: never[]) => unknown]
    ? "function"
    : [Value] extends [number]
      ? true | "number" | "milliseconds"
      : true;

/**
 * The names of the options of a type, and what their values must be. With `satisfies`, the compiler rejects a list that
 * lacks an option or has one too many, and one that does not require the boolean or the function of the type.
 *
 * @example
 * const CLEAR_OPTIONS = { names: true, enabled: "function" } satisfies KnownOptions<ClearOptions>;
 */
export type KnownOptions<Options> = {
  readonly [Key in KeyOf<Options>]: RequirementOf<ValueOf<Options, Key>>;
};

/** Text from a form or an environment variable, such as "false" or "10", would count as true, or as a number. */
const REQUIREMENTS = {
  boolean: { accepts: (value: unknown) => typeof value === "boolean", text: "must be true or false" },
  function: { accepts: (value: unknown) => typeof value === "function", text: "must be a function" },
  number: { accepts: (value: unknown) => typeof value === "number", text: "must be a number" },
  milliseconds: {
    accepts: (value: unknown) => typeof value === "number" && value > 0,
    text: "must be a positive number of milliseconds",
  },
};

/**
 * Rejects unknown options, which JavaScript and excess properties of a variable would pass unnoticed, and values of another
 * type.
 *
 * @param input what the options are, such as "session policy".
 * @param known the names, checked with {@link KnownOptions}.
 * @param path where `given` is inside the options; empty for the options themselves.
 * @throws UsageError when `given` is not an object, has an unknown option, or one of the wrong type.
 */
export function requireKnownOptions(
  input: string,
  given: unknown,
  known: Readonly<Record<string, Requirement>>,
  path = "",
): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw misuse(input, [{ path, message: `must be an object (got ${shown(given)})` }]);
  }
  const prefix = path && `${path}.`;
  const faults = Object.keys(given)
    .filter((name) => !Object.hasOwn(known, name))
    .map((name) => ({ path: prefix + name, message: unknownOption(prefix, name, Object.keys(known)) }));
  const [first] = faults;
  if (first) throw new UsageError(`Invalid ${input}: ${first.message}`, faults);
  const wrongTypes = Object.entries(given).flatMap(([name, value]) => {
    const requirement = known[name] ?? true;
    if (value === undefined || requirement === true || REQUIREMENTS[requirement].accepts(value)) return [];
    return [{ path: prefix + name, message: `${REQUIREMENTS[requirement].text} (got ${shown(value)})` }];
  });
  if (wrongTypes.length > 0) throw misuse(input, wrongTypes);
}

/** Rejects unknown options of a part that may be absent. Throws the same errors as {@link requireKnownOptions}. */
export function requireKnownPart<Options extends object>(
  input: string,
  options: Options,
  name: KeyOf<Options>,
  known: Readonly<Record<string, Requirement>>,
): void {
  const part: unknown = options[name as keyof Options];
  if (part !== undefined) requireKnownOptions(input, part, known, name);
}

/**
 * Rejects a misspelt value of an option that has a few fixed values.
 *
 * @throws UsageError unless `value` is undefined or one of `allowed`.
 */
export function requireOneOf(input: string, path: string, value: unknown, allowed: readonly unknown[]): void {
  if (value === undefined || allowed.includes(value)) return;
  const message = `must be one of ${allowed.join(", ")} (got ${shown(value)})`;
  throw misuse(input, [{ path, message }]);
}

/**
 * Rejects a single value where a list is expected. A string has a length and characters, so it would pass as a list.
 *
 * @throws UsageError when `value` is not an array.
 */
export function requireList(input: string, path: string, value: unknown): void {
  if (Array.isArray(value)) return;
  throw misuse(input, [{ path, message: `must be a list, in brackets (got ${shown(value)})` }]);
}

/**
 * Rejects a value that lacks a method, such as a promise that was not awaited.
 *
 * @param expected the name of the method, and what the value must be, such as "a session store".
 * @throws UsageError
 */
export function requireMethod(
  input: string,
  path: string,
  value: unknown,
  expected: { readonly method: string; readonly what: string },
): void {
  const { method, what } = expected;
  const mayHaveMethods = (typeof value === "object" && value !== null) || typeof value === "function";
  if (mayHaveMethods && typeof Reflect.get(value, method) === "function") return;
  const got = value instanceof Promise ? "a promise; await it first" : shown(value);
  throw misuse(input, [{ path, message: `must be ${what} (got ${got})` }]);
}

/** Characters of an unknown name in a message. */
const MAX_NAME_LENGTH = 64;

function unknownOption(prefix: string, name: string, known: readonly string[]): string {
  const nearest = known
    .map((each) => ({ each, distance: editDistance(name.toLowerCase(), each.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance)[0];
  const unknown = `unknown option "${prefix}${name.slice(0, MAX_NAME_LENGTH)}"`;
  return nearest && nearest.distance <= maxDistance(name.length)
    ? `${unknown}; did you mean "${prefix}${nearest.each}"?`
    : `${unknown}; the options are ${known.join(", ")}.`;
}

/** Two letters that changed places count as two changes. */
function maxDistance(length: number): number {
  return length < 4 ? 1 : Math.max(2, Math.floor(length / 3));
}

/** The number of characters to insert, delete or replace to turn `from` into `to` (Levenshtein). */
function editDistance(from: string, to: string): number {
  if (from.length > MAX_NAME_LENGTH) return from.length;
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let left = 1; left <= from.length; left++) {
    const next = [left];
    for (let right = 1; right <= to.length; right++) {
      const replaced = (row[right - 1] ?? 0) + (from[left - 1] === to[right - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[right] ?? 0) + 1, (next[right - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
