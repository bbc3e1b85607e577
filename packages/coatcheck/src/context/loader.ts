import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { JsonObject } from "../session/json.ts";
import { type KnownOptions, requireKnownOptions } from "../session/known-options.ts";
import type { Session } from "../session/session.ts";
import { warnOfShortDurations } from "../session/short-durations.ts";
import { describeValue, usageError } from "../session/usage-error.ts";
import {
  type EntityId,
  resolveSelectionSettings,
  type SelectionOptions,
  type SelectionSettings,
} from "./selection.ts";

/**
 * The part of a session that a context uses. `patch` stores selections and preferences, `attach` and `attachmentOf`
 * keep what the session has read. Every `Session` has this part.
 */
export type ContextSession<Data = JsonObject> = Pick<Session<Data>, "subject" | "tenant" | "data"> &
  Partial<Pick<Session<Data>, "patch" | "attach" | "attachmentOf">>;

/** Loaders, each under the name by which `reference` receives its entity. */
export type Dependencies = Readonly<Record<string, Loader<unknown, never>>>;

/** The entities of loaders, by name; null for one that does not exist. */
export type EntitiesOf<Loaders> = {
  readonly [Name in keyof Loaders]: Loaders[Name] extends Loader<infer Value, never> ? Value | null : never;
};

/** The second argument of a loader's `load`. */
export interface LoadCall {
  /** Aborts after the loader's `timeout`. Pass it to the database driver. */
  readonly signal: AbortSignal;
}

/** Options of {@link loader}. `reference` and `load` are required. */
export interface LoaderOptions<Value, Data, Id extends EntityId, From extends Dependencies> {
  /**
   * The loaders whose entities `reference` needs, or a function that returns them if they are declared later. Default:
   * none.
   */
  readonly from?: From | (() => From);
  /**
   * Returns the id of the session's entity, taken from the session or from other entities; null if the session has no
   * such entity. It is called at every read, so it must be fast and free of side effects.
   */
  readonly reference: (session: ContextSession<Data>, from: EntitiesOf<From>) => Id | null | undefined;
  /**
   * Loads an entity from the primary database, with its relations, as plain data; null if it does not exist. The result
   * is cached for all sessions that refer to this id, so it must depend on the id alone.
   */
  readonly load: (id: Id, call: LoadCall) => Promise<Value | null> | Value | null;
  /**
   * Lets the session select another entity of this kind. Default: no selection; `reference` alone chooses the entity.
   */
  readonly selection?: SelectionOptions<NoInfer<Value>, EntitiesOf<From>>;
  /**
   * Validates the result of `load`: a schema of Zod, Valibot, ArkType or any other Standard Schema. Default: no
   * validation.
   */
  readonly schema?: StandardSchemaV1<unknown, Value>;
  /** Returns the tags of an entity. `invalidateTag` invalidates all entities with a tag. Default: no tags. */
  readonly tags?: (value: Value) => readonly string[];
  /**
   * Milliseconds after which a cached entity is loaded again. This limits how long a copy is outdated if the
   * application changes an entity without a call of `invalidate`. Default: 5 minutes.
   */
  readonly ttl?: number;
  /** Milliseconds for which a missing entity is cached as missing. Default: 5 s. */
  readonly negativeTtl?: number;
  /** Milliseconds that one load may take. Default: 2 s. */
  readonly timeout?: number;
}

/**
 * Options of {@link loader} with a schema: `load` may return any value, and the schema determines the type of the
 * entity.
 */
export type CheckedLoaderOptions<Value, Data, Id extends EntityId, From extends Dependencies> = Omit<
  LoaderOptions<Value, Data, Id, From>,
  "schema" | "load"
> & {
  readonly schema: StandardSchemaV1<unknown, Value>;
  readonly load: (id: Id, call: LoadCall) => unknown;
};

/** A loader with its defaults and without the application's type parameters, for code that handles every loader. */
export interface LoaderSettings {
  readonly from: () => Readonly<Record<string, Loader<unknown, never>>>;
  readonly reference: (session: unknown, from: Readonly<Record<string, unknown>>) => unknown;
  readonly load: (id: EntityId, call: LoadCall) => unknown;
  readonly selection: SelectionSettings | null;
  readonly schema: StandardSchemaV1 | null;
  readonly tags: (value: unknown) => readonly string[];
  readonly ttl: number;
  readonly negativeTtl: number;
  readonly timeout: number;
}

/** Loads one kind of entity. {@link loader} creates it; `defineContext` gives it a name. */
export class Loader<out Value, in Data> {
  /** Exists only for the compiler: it carries the types of the entity and of the session's data. */
  declare readonly types: (data: Data) => Value;
  readonly settings: LoaderSettings;

  /** Expects settings that {@link loader} has checked. */
  constructor(settings: LoaderSettings) {
    this.settings = settings;
  }
}

const LOADER_OPTIONS = {
  from: true,
  reference: "function",
  load: "function",
  selection: true,
  schema: true,
  tags: "function",
  ttl: true,
  negativeTtl: true,
  timeout: true,
} satisfies KnownOptions<LoaderOptions<unknown, unknown, EntityId, Dependencies>>;

const OPTIONS_LABEL = "loader options";

/**
 * Declares how to load one kind of entity, such as the user, the company or the warehouse of a session.
 *
 * @throws UsageError for an unknown or missing option, or one of the wrong type.
 * @example
 * const user = loader({ reference: (session) => session.subject, load: (id) => database.findUser(id) });
 * const company = loader({
 *   from: { user },
 *   reference: (_session, { user }) => user?.companyId,
 *   load: (id) => database.findCompany(id),
 * });
 */
export function loader<
  Value,
  Data = unknown,
  Id extends EntityId = EntityId,
  From extends Dependencies = Record<never, never>,
>(options: CheckedLoaderOptions<Value, Data, Id, From>): Loader<Value, Data>;
/**
 * Declares how to load one kind of entity, without validating the result of `load`. Throws the same errors as with a
 * schema.
 */
export function loader<
  Value,
  Data = unknown,
  Id extends EntityId = EntityId,
  From extends Dependencies = Record<never, never>,
>(options: LoaderOptions<Value, Data, Id, From>): Loader<Value, Data>;
/** Implements both overloads. */
export function loader(options: object): Loader<unknown, unknown> {
  requireKnownOptions(OPTIONS_LABEL, options, LOADER_OPTIONS);
  const given = options as Partial<LoaderSettings> & { readonly from?: unknown };
  const { reference, load, tags = () => [], schema = null, from = {} } = given;
  requireFunctionOptions({ reference, load, tags });
  if (typeof from !== "function" && (typeof from !== "object" || from === null)) {
    throw usageError(OPTIONS_LABEL, [
      {
        path: "from",
        message: `must be an object of loaders, or a function that returns one (got ${describeValue(from)})`,
      },
    ]);
  }
  const durations = { ttl: given.ttl ?? 5 * 60_000, negativeTtl: given.negativeTtl ?? 5000 };
  const timeout = given.timeout ?? 2000;
  for (const [path, value] of Object.entries({ ...durations, timeout })) {
    if (typeof value === "number" && value > 0) continue;
    throw usageError(OPTIONS_LABEL, [
      { path, message: `must be a positive number of milliseconds (got ${describeValue(value)})` },
    ]);
  }
  warnOfShortDurations(OPTIONS_LABEL, "grace", { ttl: durations.ttl });
  warnOfShortDurations(OPTIONS_LABEL, "wait", { negativeTtl: durations.negativeTtl, timeout });
  return new Loader({
    from: (typeof from === "function" ? from : () => from) as LoaderSettings["from"],
    reference: reference as LoaderSettings["reference"],
    load: load as LoaderSettings["load"],
    selection: resolveSelectionSettings(given.selection),
    schema,
    tags,
    ...durations,
    timeout,
  });
}

function requireFunctionOptions(functions: Readonly<Record<string, unknown>>): void {
  for (const [path, value] of Object.entries(functions)) {
    if (typeof value !== "function") {
      throw usageError(OPTIONS_LABEL, [
        { path, message: `must be a function (got ${describeValue(value)})` },
      ]);
    }
  }
}
