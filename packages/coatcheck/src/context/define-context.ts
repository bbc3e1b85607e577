import type { SessionCache } from "../cache/cache.ts";
import { CircuitBreaker } from "../cache/circuit-breaker.ts";
import { type Clock, type Schedule, systemClock, systemSchedule } from "../session/clock.ts";
import {
  type KnownOptions,
  requireKnownNestedOptions,
  requireKnownOptions,
} from "../session/known-options.ts";
import { warnOfShortDurations } from "../session/short-durations.ts";
import { describeValue, usageError } from "../session/usage-error.ts";
import { EntityCache, type EntityCacheMetrics, entityKey, tagKey } from "./entity-cache.ts";
import { type ResolvedMembers, resolveMembers } from "./graph.ts";
import type { ContextSession, Loader } from "./loader.ts";
import { PerSession } from "./per-session.ts";
import type { Preference } from "./preference.ts";
import type { ContextRequest, EntityId } from "./selection.ts";
import { type ReadEntityOptions, SessionContext } from "./session-context.ts";
import type { SharedEntities } from "./shared.ts";

/** Options of {@link defineContext}. `cache` is required. */
export interface ContextOptions {
  /**
   * The cache of the session manager, from `createCache`: its log of invalidations decides which cached entities may
   * still be used.
   */
  readonly cache: Pick<SessionCache, "invalidations">;
  /** A cache that several processes share, such as `redisEntities()`. Default: none. */
  readonly shared?: SharedEntities;
  /** Limits of the cache in this process. Default: 10,000 entities and 64 MiB. */
  readonly local?: { readonly maxEntries?: number; readonly maxBytes?: number };
  /** Milliseconds to wait for the shared cache. Default: 100. */
  readonly sharedDeadline?: number;
  /** Returns the current time. Default: the system clock. */
  readonly clock?: Clock;
  /** Returns monotonic milliseconds. Default: `performance.now`. */
  readonly monotonic?: () => number;
  /** Starts a timer. Default: `setTimeout` with `unref()`. */
  readonly schedule?: Schedule;
}

const OPTIONS_LABEL = "context options";
const CONTEXT_OPTIONS = {
  cache: true,
  shared: true,
  local: true,
  sharedDeadline: "milliseconds",
  clock: true,
  monotonic: "function",
  schedule: "function",
} satisfies KnownOptions<ContextOptions>;
const LOCAL_OPTIONS = { maxEntries: true, maxBytes: true } satisfies KnownOptions<
  NonNullable<ContextOptions["local"]>
>;
const READ_OPTIONS = { reset: "boolean" } satisfies KnownOptions<ReadEntityOptions>;
const SELECT_OPTIONS = { keep: "boolean" } satisfies KnownOptions<SelectOptions>;

/** The members of a context: loaders and preferences by name. */
export type ContextMembers = Readonly<Record<string, Loader<unknown, never> | Preference<string>>>;

/** The names of a context's loaders. */
export type EntityNames<Given extends ContextMembers> = {
  readonly [Name in keyof Given & string]: Given[Name] extends Preference<string> ? never : Name;
}[keyof Given & string];

/** The names of a context's preferences. */
export type PreferenceNames<Given extends ContextMembers> = Exclude<keyof Given & string, EntityNames<Given>>;

/** The type that a member returns: the entity of a loader, or the value of a preference. */
export type ValueOf<Member> =
  Member extends Preference<infer Value>
    ? Value
    : Member extends Loader<infer Value, never>
      ? Value | null
      : never;

/** Options of `select`. */
export interface SelectOptions {
  /**
   * Whether to store the selection in the session, for later requests of all tabs. Default: false, for this request
   * only.
   */
  readonly keep?: boolean;
}

/** The session that every loader of a context accepts. */
export type SessionOf<Given extends ContextMembers> = {
  readonly [Name in keyof Given]: Given[Name] extends Loader<unknown, infer Data>
    ? (session: ContextSession<Data>) => void
    : (session: ContextSession<unknown>) => void;
}[keyof Given] extends (session: infer Session extends object) => void
  ? Session
  : never;

/**
 * Reads the entities and preferences of one session. Each entity and each preference has a method with its name.
 * `select` selects another entity, and `set` changes a preference.
 */
export type EntityReaders<Given extends ContextMembers> = {
  readonly [Name in keyof Given]: Given[Name] extends Preference<string>
    ? () => Promise<ValueOf<Given[Name]>>
    : (options?: ReadEntityOptions) => Promise<ValueOf<Given[Name]>>;
} & {
  /**
   * Selects another entity, for a loader with the option `selection`, and returns it.
   *
   * @param id the id as the client sent it; null to return to the session's own entity.
   * @throws CoatcheckError `VALIDATION_FAILED` for a malformed id; `FORBIDDEN` for an entity that does not exist or
   *   that `mayEnter` denies. After an error the earlier selection stays.
   */
  select<Name extends EntityNames<Given>>(
    name: Name,
    id: string | null,
    options?: SelectOptions,
  ): Promise<ValueOf<Given[Name]>>;
  /**
   * Changes a preference: calls the option `save`, invalidates the entities that `save` changes, and stores the value
   * in the session.
   *
   * @throws CoatcheckError `VALIDATION_FAILED` for a value that is not allowed. Errors of `save` pass through.
   */
  set<Name extends PreferenceNames<Given>>(name: Name, value: ValueOf<Given[Name]>): Promise<void>;
};

/** Gives access to the entities that sessions refer to. Create one context per process, with {@link defineContext}. */
export interface Context<Given extends ContextMembers> {
  /**
   * Returns methods that read the entities of a session. Loads nothing until one of the methods is called. A second
   * call with the same session handle returns the same object, so that one request sees one state of each entity.
   *
   * Each method returns a frozen entity, or null if the session has none. It throws `CONTEXT_UNAVAILABLE` (503) when
   * the loader fails, is too slow or returns an invalid value, so null never means a failure.
   *
   * @param request the request whose headers may select entities, for loaders with the option `selection.header`.
   */
  of(session: SessionOf<Given>, request?: ContextRequest): EntityReaders<Given>;
  /**
   * Invalidates the cached copies of an entity on every node. Call it after the transaction that changed the entity.
   * This process uses no older copy afterwards. Other processes learn of it within milliseconds, at the latest after
   * the cache's `maxStaleness`.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE`: other processes may not have learned of the invalidation, so call it
   *   again.
   */
  invalidate(name: EntityNames<Given>, id: EntityId): Promise<void>;
  /** Invalidates the cached copies of all entities with a tag, like {@link invalidate}. */
  invalidateTag(tag: string): Promise<void>;
  /** Returns the counters, for metrics and tests. */
  metrics(): EntityCacheMetrics;
}

/**
 * Defines the entities that sessions refer to: user, company, warehouse and so on. Each entity is cached once per
 * process, not once per session, and is invalidated on every node at once. Sessions keep only references, such as the
 * subject.
 *
 * @throws UsageError for unknown options, invalid names, and loaders that depend on each other in a cycle.
 * @example
 * const user = loader({ reference: (session) => session.subject, load: (id) => database.findUser(id) });
 * const context = defineContext({ user }, { cache });
 * const current = await context.of(session).user();
 * await context.invalidate("user", "user-7");
 */
export function defineContext<Given extends ContextMembers>(
  members: Given,
  options: ContextOptions,
): Context<Given> {
  requireKnownOptions(OPTIONS_LABEL, options, CONTEXT_OPTIONS);
  warnOfShortDurations(OPTIONS_LABEL, "quickWait", { sharedDeadline: options.sharedDeadline });
  requireKnownNestedOptions(OPTIONS_LABEL, options, "local", LOCAL_OPTIONS);
  if (typeof options.cache?.invalidations?.invalidate !== "function") {
    const message = `must be a cache from createCache(), which polls the log (got ${describeValue(options.cache)})`;
    throw usageError(OPTIONS_LABEL, [{ path: "cache", message }]);
  }
  const resolved = resolveMembers(members);
  const cache = createEntityCache(options);
  const Readers = defineReaders(resolved, cache);
  const readersOf = new PerSession<InstanceType<typeof Readers>>();
  return {
    of(given, request) {
      const session = given as ContextSession<unknown>;
      let readers = readersOf.get(session);
      if (readers === undefined) {
        readers = new Readers(session);
        readersOf.set(session, readers);
      }
      if (request) Readers.contextOf(readers, "of").request = request;
      return readers as unknown as EntityReaders<Given>;
    },
    async invalidate(name, id) {
      requireMemberName("invalidation", name, resolved.entities);
      await cache.invalidate(entityKey(name, id));
    },
    async invalidateTag(tag) {
      await cache.invalidate(tagKey(tag));
    },
    metrics: () => cache.metrics(),
  };
}

/**
 * Defines the class of the objects that `context.of()` returns. Its methods are `select`, `set`, and one method for
 * each entity and each preference.
 */
function defineReaders({ entities, choices }: ResolvedMembers, cache: EntityCache) {
  class Readers {
    readonly #context: SessionContext;

    constructor(session: ContextSession<unknown>) {
      this.#context = new SessionContext(session, cache);
    }

    static contextOf(readers: Readers, method: string): SessionContext {
      if (readers && #context in readers) return readers.#context;
      throw new TypeError(`Call ${method}() as a method: context.of(session).${method}().`);
    }

    async select(name: string, id: unknown, options: SelectOptions = {}): Promise<unknown> {
      requireKnownOptions("options of select()", options, SELECT_OPTIONS);
      const entity = requireMemberName("selection", name, entities);
      return await Readers.contextOf(this, "select").select(entity, id, options.keep === true);
    }

    async set(name: string, value: unknown): Promise<void> {
      const choice = requireMemberName("preference", name, choices);
      await Readers.contextOf(this, "set").setPreference(choice, value);
    }
  }
  const methods: Record<string, unknown> = {};
  for (const [name, entity] of entities) {
    methods[name] = async function (this: Readers, options?: ReadEntityOptions): Promise<unknown> {
      if (options !== undefined) requireKnownOptions(`options of ${name}()`, options, READ_OPTIONS);
      return Readers.contextOf(this, name).read(entity, options?.reset === true);
    };
  }
  for (const [name, choice] of choices) {
    methods[name] = async function (this: Readers): Promise<unknown> {
      return await Readers.contextOf(this, name).readPreference(choice);
    };
  }
  Object.assign(Readers.prototype, methods);
  return Readers;
}

function requireMemberName<Member>(
  input: string,
  name: string,
  members: ReadonlyMap<string, Member>,
): Member {
  const member = members.get(name);
  if (member !== undefined) return member;
  const message = `must be one of ${[...members.keys()].join(", ")} (got ${describeValue(name)})`;
  throw usageError(input, [{ path: "name", message }]);
}

function createEntityCache(options: ContextOptions): EntityCache {
  const { shared, local = {} } = options;
  const clock = options.clock ?? systemClock;
  const monotonic = options.monotonic ?? (() => performance.now());
  const schedule = options.schedule ?? systemSchedule;
  const deadline = options.sharedDeadline ?? 100;
  const limits = { maxEntries: local.maxEntries ?? 10_000, maxBytes: local.maxBytes ?? 64 * 1024 * 1024 };
  for (const [path, value] of Object.entries(limits)) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw usageError(OPTIONS_LABEL, [
      { path: `local.${path}`, message: `must be a positive integer (got ${describeValue(value)})` },
    ]);
  }
  return new EntityCache({
    log: options.cache.invalidations,
    shared: shared ? { tier: shared, breaker: new CircuitBreaker({ deadline, schedule, monotonic }) } : null,
    ...limits,
    clock,
    monotonic,
    schedule,
  });
}
