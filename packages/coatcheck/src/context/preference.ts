import { CoatcheckError } from "../session/errors.ts";
import { type KnownOptions, requireKnownOptions } from "../session/known-options.ts";
import { describeValue, usageError } from "../session/usage-error.ts";
import type { Dependencies, EntitiesOf, Loader } from "./loader.ts";

/** Options of {@link preference}. `values`, `default` and `member` are required. */
export interface PreferenceOptions<Value extends string, From extends Dependencies> {
  /** The allowed values. */
  readonly values: readonly Value[];
  /**
   * The value while the session stores no choice, or a function that returns this value. The function receives
   * entities, for example the user entity, which may contain a choice from an earlier session.
   */
  readonly default: NoInfer<Value> | ((from: EntitiesOf<From>) => NoInfer<Value> | null | undefined);
  /** The name of the member of the session's data that stores the choice. */
  readonly member: string;
  /** The loaders whose entities `default` and `save` need. Default: none. */
  readonly from?: From;
  /**
   * Saves the choice in the application's database. If it throws, the choice stays as it was. Default: only the session
   * stores the choice.
   */
  readonly save?: (value: Value, from: EntitiesOf<From>) => Promise<unknown> | unknown;
  /**
   * The names in `from` of the entities that `save` changes. These entities are invalidated after `save`. Default:
   * none.
   */
  readonly invalidates?: readonly (keyof From & string)[];
}

/** A preference without the application's type parameters, for code that handles every preference. */
export interface PreferenceSettings {
  readonly values: readonly string[];
  readonly default: string | ((from: Readonly<Record<string, unknown>>) => unknown);
  readonly member: string;
  readonly from: Readonly<Record<string, Loader<unknown, never>>>;
  readonly save: ((value: string, from: Readonly<Record<string, unknown>>) => unknown) | null;
  readonly invalidates: readonly string[];
}

/** A choice of the user, such as theme or language. {@link preference} creates it; `defineContext` gives it a name. */
export class Preference<out Value extends string> {
  /** Carries the type of the value. Does not exist at run time. */
  declare readonly types: () => Value;
  readonly settings: PreferenceSettings;

  /** Expects settings that {@link preference} has checked. */
  constructor(settings: PreferenceSettings) {
    this.settings = settings;
  }
}

const PREFERENCE_OPTIONS = {
  values: true,
  default: true,
  member: true,
  from: true,
  save: "function",
  invalidates: true,
} satisfies KnownOptions<PreferenceOptions<string, Dependencies>>;

const OPTIONS_LABEL = "preference options";

/**
 * Declares a choice of the user that the session stores, such as theme or language.
 *
 * @throws UsageError for an unknown or missing option, or one of the wrong type.
 * @example
 * const theme = preference({
 *   values: ["light", "dark"],
 *   default: ({ company }) => company?.theme ?? "light",
 *   member: "theme",
 *   from: { company },
 *   save: (value, { company }) => database.setTheme(company?.id, value),
 *   invalidates: ["company"],
 * });
 */
export function preference<const Value extends string, From extends Dependencies = Record<never, never>>(
  options: PreferenceOptions<Value, From>,
): Preference<Value> {
  requireKnownOptions(OPTIONS_LABEL, options, PREFERENCE_OPTIONS);
  const {
    values,
    member,
    from = {},
    save = null,
    invalidates = [],
  } = options as unknown as Partial<PreferenceSettings>;
  const initial = options.default as unknown as PreferenceSettings["default"];
  if (!Array.isArray(values) || values.length === 0 || !values.every((value) => typeof value === "string")) {
    throw usageError(OPTIONS_LABEL, [
      { path: "values", message: `must be a list of strings (got ${describeValue(values)})` },
    ]);
  }
  if (typeof initial !== "function" && !values.includes(initial)) {
    throw usageError(OPTIONS_LABEL, [
      { path: "default", message: `must be one of ${values.join(", ")} (got ${describeValue(initial)})` },
    ]);
  }
  if (typeof member !== "string" || member === "") {
    throw usageError(OPTIONS_LABEL, [
      {
        path: "member",
        message: `must be the name of a member of the session data (got ${describeValue(member)})`,
      },
    ]);
  }
  const unknown = invalidates.find((name) => !Object.hasOwn(from, name));
  if (unknown !== undefined) {
    throw usageError(OPTIONS_LABEL, [
      {
        path: "invalidates",
        message: `must be a list of names from the option "from" (got ${describeValue(unknown)})`,
      },
    ]);
  }
  return new Preference({ values, default: initial, member, from, save, invalidates });
}

/** Checks a value that a client may have sent. Throws `VALIDATION_FAILED`. */
export function requirePreferenceValue(name: string, { values }: PreferenceSettings, value: unknown): string {
  if (typeof value === "string" && values.includes(value)) return value;
  const message = `The value of "${name}" must be one of ${values.join(", ")}.`;
  const faults = [{ path: name, message: `must be one of ${values.join(", ")}` }];
  throw new CoatcheckError("VALIDATION_FAILED", message, { faults });
}
