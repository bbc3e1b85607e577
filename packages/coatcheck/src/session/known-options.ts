import { describeValue, UsageError, usageError } from "./usage-error.ts";

/** The names of an options type's properties. For a union type, the names from all its members. */
type OptionNameOf<Options> = Options extends unknown ? keyof Options & string : never;

/** The type of one option. For a union type, the option's types from all its members. */
type OptionValueOf<Options, Key> = Options extends unknown
  ? Key extends keyof Options
    ? Exclude<Options[Key], undefined>
    : never
  : never;

/**
 * How {@link requireKnownOptions} checks an option's value. `true`: it does not check the value, because the function
 * that receives the options checks it.
 */
type ValueRequirement = true | keyof typeof VALUE_REQUIREMENTS;

type ValueRequirementOf<Value> = [Value] extends [boolean]
  ? "boolean"
  : [Value] extends [(...args: never[]) => unknown]
    ? "function"
    : [Value] extends [number]
      ? true | "number" | "milliseconds" | "timer" | "interval"
      : true;

/**
 * Lists the options of a type and the checks of their values. With `satisfies`, the compiler rejects a list that lacks
 * an option, has an unknown one, or does not check a boolean or a function.
 *
 * @example
 * const CLEAR_OPTIONS = { names: true, enabled: "function" } satisfies KnownOptions<ClearOptions>;
 */
export type KnownOptions<Options> = {
  readonly [Key in OptionNameOf<Options>]: ValueRequirementOf<OptionValueOf<Options, Key>>;
};

/**
 * The checks of an option's value. Without them, text from a form or an environment variable would be accepted: "false"
 * as true, and "10" as a number.
 */
const VALUE_REQUIREMENTS = {
  boolean: { accepts: (value: unknown) => typeof value === "boolean", text: "must be true or false" },
  function: { accepts: (value: unknown) => typeof value === "function", text: "must be a function" },
  number: {
    accepts: (value: unknown) => typeof value === "number" && !Number.isNaN(value),
    text: "must be a number",
  },
  milliseconds: {
    accepts: (value: unknown) => typeof value === "number" && value > 0,
    text: "must be a positive number of milliseconds",
  },
  /** Like `milliseconds`, but rejects Infinity, because a timer cannot wait for it. */
  timer: {
    accepts: (value: unknown) => Number.isFinite(value) && Number(value) > 0,
    text: "must be a positive number of milliseconds",
  },
  /** Like `milliseconds`, but also accepts 0. As an interval, 0 means always, and Infinity means never. */
  interval: {
    accepts: (value: unknown) => typeof value === "number" && value >= 0,
    text: "must be a number of milliseconds, 0 or more",
  },
};

/**
 * Rejects unknown options and values of the wrong type. The compiler cannot find them in JavaScript, or when the
 * options are passed in a variable.
 *
 * @param input the name of the options object in errors, such as "session policy".
 * @param known the options and their checks, declared with {@link KnownOptions}.
 * @param path the path of `given` inside a larger options object; empty for the whole object.
 * @throws UsageError when `given` is not an object, has an unknown option, or one of the wrong type.
 */
export function requireKnownOptions(
  input: string,
  given: unknown,
  known: Readonly<Record<string, ValueRequirement>>,
  path = "",
): void {
  requireObject(input, given, path);
  const prefix = path && `${path}.`;
  const faults = Object.keys(given)
    .filter((name) => !Object.hasOwn(known, name))
    .map((name) => ({ path: prefix + name, message: unknownOptionFault(prefix, name, Object.keys(known)) }));
  const [first] = faults;
  if (first) throw new UsageError(`Invalid ${input}: ${first.message}`, faults);
  const wrongTypes = Object.entries(given).flatMap(([name, value]) => {
    const requirement = known[name] ?? true;
    if (value === undefined || requirement === true || VALUE_REQUIREMENTS[requirement].accepts(value))
      return [];
    return [
      {
        path: prefix + name,
        message: `${VALUE_REQUIREMENTS[requirement].text} (got ${describeValue(value)})`,
      },
    ];
  });
  if (wrongTypes.length > 0) throw usageError(input, wrongTypes);
}

/** Rejects an options argument that is not an object, such as null. Throws `UsageError`. */
export function requireObject(input: string, given: unknown, path = ""): asserts given is object {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return;
  throw usageError(input, [{ path, message: `must be an object (got ${describeValue(given)})` }]);
}

/**
 * Rejects unknown options of a nested options object, which may be absent. Throws the same errors as
 * {@link requireKnownOptions}.
 */
export function requireKnownNestedOptions<Options extends object>(
  input: string,
  options: Options,
  name: OptionNameOf<Options>,
  known: Readonly<Record<string, ValueRequirement>>,
): void {
  const part: unknown = options[name as keyof Options];
  if (part !== undefined) requireKnownOptions(input, part, known, name);
}

/**
 * Rejects a value that is not one of an option's fixed values.
 *
 * @throws UsageError unless `value` is undefined or one of `allowed`.
 */
export function requireOneOf(input: string, path: string, value: unknown, allowed: readonly unknown[]): void {
  if (value === undefined || allowed.includes(value)) return;
  const message = `must be one of ${allowed.join(", ")} (got ${describeValue(value)})`;
  throw usageError(input, [{ path, message }]);
}

/**
 * Rejects a value that is not a list. Without this check a string would be read as a list of characters.
 *
 * @throws UsageError when `value` is not an array.
 */
export function requireList(input: string, path: string, value: unknown): void {
  if (Array.isArray(value)) return;
  // Don't repeat a string, because it may be a secret.
  const got = typeof value === "string" ? "string" : describeValue(value);
  throw usageError(input, [{ path, message: `must be a list, such as [value] (got ${got})` }]);
}

/**
 * Rejects a value that lacks a method, such as a promise that was not awaited.
 *
 * @param expected the name of the method, and a description of the value, such as "a session store".
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
  const got = value instanceof Promise ? "a promise; await it first" : describeValue(value);
  throw usageError(input, [{ path, message: `must be ${what} (got ${got})` }]);
}

/** The longest unknown name that a message repeats, in characters. */
const MAX_NAME_LENGTH = 64;

function unknownOptionFault(prefix: string, name: string, known: readonly string[]): string {
  const nearest = known
    .map((each) => ({ each, distance: editDistance(name.toLowerCase(), each.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance)[0];
  const unknown = `unknown option "${prefix}${name.slice(0, MAX_NAME_LENGTH)}"`;
  return nearest && nearest.distance <= maxEditDistance(name.length)
    ? `${unknown}; did you mean "${prefix}${nearest.each}"?`
    : `${unknown}; the options are ${known.join(", ")}.`;
}

/**
 * Returns the maximum number of edits by which a suggested name may differ from the unknown name. Two swapped letters
 * are two edits.
 */
function maxEditDistance(length: number): number {
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
