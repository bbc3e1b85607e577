import { misuse, shown, UsageError } from "./usage-error.ts";

/** The keys of an options type; of a union, those of every member. */
type KeyOf<Options> = Options extends unknown ? keyof Options & string : never;

/**
 * The names of the options of a type. With `satisfies`, the compiler rejects a list that lacks an option or has one too
 * many.
 *
 * @example
 * const CLEAR_OPTIONS = { names: true, domains: true, paths: true } satisfies KnownOptions<ClearOptions>;
 */
export type KnownOptions<Options> = Readonly<Record<KeyOf<Options>, true>>;

/**
 * Rejects unknown options, which JavaScript and excess properties of a variable would pass unnoticed.
 *
 * @param input what the options are, such as "session policy".
 * @param known the names, checked with {@link KnownOptions}.
 * @param path where `given` is inside the options; empty for the options themselves.
 * @throws UsageError when `given` is not an object, or has an unknown option.
 */
export function requireKnownOptions(
  input: string,
  given: unknown,
  known: Readonly<Record<string, true>>,
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
}

/** Rejects unknown options of a part that may be absent. Throws the same errors as {@link requireKnownOptions}. */
export function requireKnownPart<Options extends object>(
  input: string,
  options: Options,
  name: KeyOf<Options>,
  known: Readonly<Record<string, true>>,
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
