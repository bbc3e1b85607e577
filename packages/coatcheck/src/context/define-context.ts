import type { SessionCache } from "../cache/cache.ts";
import { CircuitBreaker } from "../cache/circuit-breaker.ts";
import { type Clock, type Schedule, systemClock, systemSchedule } from "../session/clock.ts";
import { type KnownOptions, requireKnownOptions, requireKnownPart } from "../session/known-options.ts";
import { misuse, shown } from "../session/usage-error.ts";
import { EntityCache, type EntityCacheMetrics, entityKey, tagKey } from "./entity-cache.ts";
import { type Entity, resolveEntities } from "./graph.ts";
import type { ContextSession, EntitiesOf, EntityId, Loader } from "./loader.ts";
import { type ReadEntityOptions, SessionContext } from "./session-context.ts";
import type { SharedEntities } from "./shared.ts";

/** Options of {@link defineContext}. `cache` is required. */
export interface ContextOptions {
  /** The cache of the session manager, from `createCache`: its lease and its log decide which copies may be served. */
  readonly cache: Pick<SessionCache, "invalidations">;
  /** A tier that several processes share, such as `redisEntities()`. Default: none. */
  readonly shared?: SharedEntities;
  /** Limits of the local tier. Default: 10,000 entities and 64 MiB. */
  readonly local?: { readonly maxEntries?: number; readonly maxBytes?: number };
  /** Milliseconds to wait for the shared tier. Default: 100. */
  readonly sharedDeadline?: number;
  /** Default: the system clock. */
  readonly clock?: Clock;
  /** Returns monotonic milliseconds. Default: `performance.now`. */
  readonly monotonic?: () => number;
  /** Default: `setTimeout`, unreferenced. */
  readonly schedule?: Schedule;
}

const CONTEXT_OPTIONS = {
  cache: true,
  shared: true,
  local: true,
  sharedDeadline: true,
  clock: true,
  monotonic: true,
  schedule: true,
} satisfies KnownOptions<ContextOptions>;
const LOCAL_OPTIONS = { maxEntries: true, maxBytes: true } satisfies KnownOptions<
  NonNullable<ContextOptions["local"]>
>;
const READ_OPTIONS = { reset: true } satisfies KnownOptions<ReadEntityOptions>;

/** Loaders by the names of their entities. */
export type Loaders = Readonly<Record<string, Loader<unknown, never>>>;

/** The session that every loader of a context accepts. */
export type SessionOf<Given extends Loaders> = {
  readonly [Name in keyof Given]: Given[Name] extends Loader<unknown, infer Data>
    ? (session: ContextSession<Data>) => void
    : never;
}[keyof Given] extends (session: infer Session extends object) => void
  ? Session
  : never;

/** The entities of one session: a method for each loader. */
export type EntityReaders<Given extends Loaders> = {
  readonly [Name in keyof Given]: (options?: ReadEntityOptions) => Promise<EntitiesOf<Given>[Name]>;
};

/** The entities that the sessions of an application refer to. {@link defineContext} creates it, once per process. */
export interface Context<Given extends Loaders> {
  /**
   * Returns the entities of a session. Loads nothing yet. Called twice for one session handle, it returns the same object, so
   * that one request sees one state of each entity.
   *
   * Each method returns a frozen entity, or null if the session has none. It throws `CONTEXT_UNAVAILABLE` (503) when the
   * loader fails, is too slow or returns an invalid value: null never stands for a failure.
   */
  of(session: SessionOf<Given>): EntityReaders<Given>;
  /**
   * Ends the cached copies of an entity on every node. Call it after the change of the entity has been committed. This
   * process serves no older copy afterwards; the others follow within milliseconds, at the latest after the cache's
   * staleness bound.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE`: repeat it, since other processes may not have learned of it.
   */
  invalidate(name: keyof Given & string, id: EntityId): Promise<void>;
  /** Ends the cached copies of all entities with a tag, like {@link invalidate}. */
  invalidateTag(tag: string): Promise<void>;
  /** The counters, for metrics and tests. */
  metrics(): EntityCacheMetrics;
}

/**
 * Defines the entities that sessions refer to: user, company, warehouse and so on. Each entity is cached once per process,
 * not once per session, and is invalidated on every node at once. Sessions keep only references, such as the subject.
 *
 * @throws UsageError for unknown options, invalid names, and loaders that depend on each other in a circle.
 * @example
 * const user = loader({ reference: (session) => session.subject, load: (id) => database.findUser(id) });
 * const context = defineContext({ user }, { cache });
 * const current = await context.of(session).user();
 * await context.invalidate("user", "user-7");
 */
export function defineContext<Given extends Loaders>(
  loaders: Given,
  options: ContextOptions,
): Context<Given> {
  requireKnownOptions("context options", options, CONTEXT_OPTIONS);
  requireKnownPart("context options", options, "local", LOCAL_OPTIONS);
  if (typeof options.cache?.invalidations?.invalidate !== "function") {
    const message = `must be a cache from createCache(), which polls the log (got ${shown(options.cache)})`;
    throw misuse("context options", [{ path: "cache", message }]);
  }
  const entities = resolveEntities(loaders);
  const cache = createEntityCache(options);
  const readers = new WeakMap<object, EntityReaders<Given>>();
  const contexts = new WeakMap<object, SessionContext>();
  const methods = methodsOf<Given>(entities, contexts);
  return {
    of(session) {
      const known = readers.get(session);
      if (known) return known;
      const created: EntityReaders<Given> = Object.create(methods);
      contexts.set(created, new SessionContext(session, cache));
      readers.set(session, created);
      return created;
    },
    async invalidate(name, id) {
      if (!entities.has(name)) {
        const message = `must be one of ${[...entities.keys()].join(", ")} (got ${shown(name)})`;
        throw misuse("invalidation", [{ path: "name", message }]);
      }
      await cache.invalidate(entityKey(name, id));
    },
    async invalidateTag(tag) {
      await cache.invalidate(tagKey(tag));
    },
    metrics: () => cache.metrics(),
  };
}

/** One method per entity, shared by the readers of all sessions. */
function methodsOf<Given extends Loaders>(
  entities: ReadonlyMap<string, Entity>,
  contexts: WeakMap<object, SessionContext>,
): object {
  const methods: Record<string, unknown> = {};
  for (const [name, entity] of entities) {
    methods[name] = async function (
      this: EntityReaders<Given>,
      options?: ReadEntityOptions,
    ): Promise<unknown> {
      if (options !== undefined) requireKnownOptions(`options of ${name}()`, options, READ_OPTIONS);
      const context = contexts.get(this);
      if (!context) throw new TypeError(`Call ${name}() as a method: context.of(session).${name}().`);
      return await context.read(entity, options?.reset === true);
    };
  }
  return methods;
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
    throw misuse("context options", [
      { path: `local.${path}`, message: `must be a positive integer (got ${shown(value)})` },
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
