import { CoatcheckError } from "../session/errors.ts";
import type { JsonObject } from "../session/json.ts";
import type { MaybePromise } from "../session/maybe-promise.ts";
import { andThen, isPromise } from "../session/maybe-promise.ts";
import { describeValue } from "../session/usage-error.ts";
import { type CachedEntity, type EntityCache, entityKey } from "./entity-cache.ts";
import type { ContextPreference, Entity } from "./graph.ts";
import { requirePreferenceValue } from "./preference.ts";
import {
  type ContextRequest,
  decodeId,
  type EntityId,
  headerOf,
  selectionForbiddenError,
} from "./selection.ts";

/** Options for reading an entity. */
export interface ReadEntityOptions {
  /**
   * Whether to load the entity again even if a copy is cached. Other processes keep their copies, unlike after
   * `invalidate`. Default: false.
   */
  readonly reset?: boolean;
}

/** The members of a session that {@link SessionContext} uses. */
interface SessionMembers {
  readonly data: unknown;
  patch?(patch: JsonObject): Promise<void>;
}

/** The entities that a loader or preference depends on, by name. */
type Entities = Readonly<Record<string, unknown>>;

/**
 * The longest id, in characters. With the longest name, its key still fits the key length of the log of invalidations.
 */
const MAX_ID_LENGTH = 400;

const NO_ENTITIES: Entities = {};

/** Reads the entities of one session. Within one request, the same entity is the same object. */
export class SessionContext {
  /** The request whose headers select entities; null outside of requests. */
  request: ContextRequest | null = null;
  readonly #session: SessionMembers;
  readonly #cache: EntityCache;
  /** The copy that this session read last, by cache key. */
  readonly #usedCopies = new Map<string, CachedEntity>();
  /** The reads in progress, by cache key. Null until the first of them. */
  #reads: Map<string, Promise<CachedEntity>> | null = null;
  /**
   * The ids that {@link select} has selected, by entity name; a null id selects the session's own entity. The map is
   * null until the first selection.
   */
  #selectedIds: Map<string, EntityId | null> | null = null;

  constructor(session: SessionMembers, cache: EntityCache) {
    this.#session = session;
    this.#cache = cache;
  }

  /**
   * Returns the session's entity; null if the session refers to no entity, or to one that does not exist.
   *
   * @throws CoatcheckError `CONTEXT_UNAVAILABLE` when a loader fails; `VALIDATION_FAILED` and `FORBIDDEN` for a request
   *   that selects a malformed id, an entity that does not exist, or one that `mayEnter` denies.
   * @throws TypeError when `reference` returns no id.
   */
  read(entity: Entity, reset: boolean): MaybePromise<unknown> {
    return andThen(this.#find(entity, reset), entityOf);
  }

  /**
   * Selects an entity for this request, and for the session if `keep` is set.
   *
   * @param sent the id as the client sent it; null to return to the session's own entity.
   * @throws CoatcheckError in the same cases as {@link read}. After an error the earlier selection stays.
   */
  async select(entity: Entity, sent: unknown, keep: boolean): Promise<unknown> {
    const { name, settings } = entity;
    const { selection } = settings;
    if (!selection)
      throw new TypeError(
        `Cannot select another "${name}": the loader of "${name}" must have the option "selection".`,
      );
    if (keep && selection.member === null) {
      throw new TypeError(
        `Cannot store the selection of "${name}": the loader of "${name}" must have the option "selection.member".`,
      );
    }
    const id = sent === null ? null : decodeId(name, selection, sent);
    const copy =
      id === null
        ? null
        : await this.#readIfAllowed(entity, id, await this.#readDependencies(entity.from), false);
    if (id !== null && copy === null) throw selectionForbiddenError(name);
    if (keep) await this.#storeInSession(selection.member ?? "", id);
    this.#selectedIds ??= new Map();
    this.#selectedIds.set(name, id);
    return copy === null ? await this.read(entity, false) : copy.value;
  }

  /** Returns the value that the session has chosen for a preference, or the default. */
  async readPreference({ settings, from }: ContextPreference): Promise<string> {
    const stored = readDataMember(this.#session.data, settings.member);
    if (typeof stored === "string" && settings.values.includes(stored)) return stored;
    if (typeof settings.default === "string") return settings.default;
    const value = settings.default(await this.#readDependencies(from));
    return typeof value === "string" && settings.values.includes(value) ? value : (settings.values[0] ?? "");
  }

  /**
   * Changes a preference: calls `save`, invalidates the entities that `save` changes, and stores the value in the
   * session.
   *
   * @throws CoatcheckError `VALIDATION_FAILED` for a value that is not allowed.
   */
  async setPreference({ name, settings, from }: ContextPreference, given: unknown): Promise<void> {
    const value = requirePreferenceValue(name, settings, given);
    if (settings.save) await settings.save(value, await this.#readDependencies(from));
    for (const each of settings.invalidates) {
      const entity = from.get(each);
      const found = entity && (await this.#find(entity, false));
      if (found) await this.#cache.invalidate(keyOf(found));
    }
    await this.#storeInSession(settings.member, value);
  }

  /**
   * Never throws: concurrent reads of several dependencies must all be awaited before one of their errors is thrown.
   */
  #find(entity: Entity, reset: boolean): MaybePromise<CachedEntity | null> {
    try {
      return andThen(this.#readDependencies(entity.from), (from) =>
        andThen(
          this.#readSelection(entity, from, reset),
          (copy) => copy ?? this.#readReference(entity, from, reset),
        ),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Returns the session's own entity; null if the session refers to none. */
  #readReference(entity: Entity, from: Entities, reset: boolean): MaybePromise<CachedEntity | null> {
    const id = idOf(entity, entity.settings.reference(this.#session, from));
    return id === null ? null : this.#readCopy(entity, id, reset);
  }

  /**
   * Returns the entity selected by `select`, else by the request's header, else by the session's data; null if none is
   * selected.
   */
  #readSelection(entity: Entity, from: Entities, reset: boolean): MaybePromise<CachedEntity | null> {
    const { name, settings } = entity;
    const { selection } = settings;
    if (!selection) return null;
    let id = this.#selectedIds?.get(name);
    if (id === null) return null;
    if (id === undefined && this.request && selection.header) {
      const sent = headerOf(this.request, selection.header);
      if (sent !== null) id = decodeId(name, selection, sent);
    }
    if (id !== undefined) {
      return this.#readIfAllowed(entity, id, from, reset).then((copy) => {
        if (copy) return copy;
        throw selectionForbiddenError(name);
      });
    }
    const storedId = selection.member === null ? null : readDataMember(this.#session.data, selection.member);
    // If the user has lost the permission for the stored selection, fall back to the session's own entity instead of
    // failing.
    return isId(storedId) ? this.#readIfAllowed(entity, storedId, from, reset) : null;
  }

  /** Returns the entity if `mayEnter` allows it, else null. A denied request does not leave a new copy in the cache. */
  async #readIfAllowed(
    entity: Entity,
    id: EntityId,
    from: Entities,
    reset: boolean,
  ): Promise<CachedEntity | null> {
    const key = entityKey(entity.name, id);
    const wasCached = this.#cache.getCached(key) !== undefined;
    const copy = await this.#readCopy(entity, id, reset);
    const { selection } = entity.settings;
    // Compare with `true`, because another truthy value must not grant access.
    if (copy.value !== null && (await selection?.mayEnter(copy.value, from)) === true) return copy;
    this.#usedCopies.delete(key);
    if (!wasCached) this.#cache.discard(key);
    return null;
  }

  #readDependencies(from: ReadonlyMap<string, Entity>): MaybePromise<Entities> {
    if (from.size === 0) return NO_ENTITIES;
    const entities: Record<string, unknown> = {};
    const loads: Promise<void>[] = [];
    for (const [as, entity] of from) {
      const copy = this.#find(entity, false);
      if (isPromise(copy)) {
        const load = copy.then((loaded) => {
          entities[as] = entityOf(loaded);
        });
        loads.push(load);
      } else {
        entities[as] = entityOf(copy);
      }
    }
    return loads.length === 0 ? entities : Promise.all(loads).then(() => entities);
  }

  #readCopy(entity: Entity, id: EntityId, reset: boolean): MaybePromise<CachedEntity> {
    const key = entityKey(entity.name, id);
    const copy = reset ? undefined : this.#getCopy(key);
    return copy ?? this.#loadCopy(entity, id, key, reset);
  }

  /**
   * Returns the copy that this session has used before if it is still current, else the copy in this process's cache;
   * undefined if neither may be used now.
   */
  #getCopy(key: string): CachedEntity | undefined {
    const used = this.#usedCopies.get(key);
    if (used && this.#cache.isCurrent(used)) return used;
    const cached = this.#cache.getCached(key);
    if (cached) this.#usedCopies.set(key, cached);
    return cached;
  }

  async #loadCopy(entity: Entity, id: EntityId, key: string, reset: boolean): Promise<CachedEntity> {
    const copy = reset ? await this.#cache.reload(entity, id) : await this.#joinRead(entity, id, key);
    this.#usedCopies.set(key, copy);
    return copy;
  }

  async #joinRead(entity: Entity, id: EntityId, key: string): Promise<CachedEntity> {
    this.#reads ??= new Map();
    const reads = this.#reads;
    const pending = reads.get(key);
    if (pending) {
      const copy = await pending;
      if (this.#cache.isCurrent(copy)) return copy;
    }
    const read = this.#cache.read(entity, id).finally(() => {
      if (reads.get(key) === read) reads.delete(key);
    });
    reads.set(key, read);
    return await read;
  }

  async #storeInSession(member: string, value: string | number | null): Promise<void> {
    if (typeof this.#session.patch !== "function") {
      throw new TypeError("Cannot store a selection or preference: the session has no method patch().");
    }
    await this.#session.patch({ [member]: value });
  }
}

function entityOf(copy: CachedEntity | null): unknown {
  return copy === null ? null : copy.value;
}

function keyOf({ keys }: CachedEntity): string {
  return keys[0] ?? "";
}

function readDataMember(data: unknown, member: string): unknown {
  return typeof data === "object" && data !== null ? Reflect.get(data, member) : undefined;
}

function isId(value: unknown): value is EntityId {
  return (
    Number.isSafeInteger(value) ||
    (typeof value === "string" && value !== "" && value.length <= MAX_ID_LENGTH)
  );
}

/**
 * Checks what `reference` returned.
 *
 * @throws TypeError for a value that is not an id, which is a bug in the application.
 * @throws CoatcheckError `VALIDATION_FAILED` for a long string, which a client may have chosen.
 */
function idOf({ name }: Entity, value: unknown): EntityId | null {
  if (value === null || value === undefined) return null;
  if (isId(value)) return value;
  if (typeof value === "string" && value !== "") {
    throw new CoatcheckError(
      "VALIDATION_FAILED",
      `The id of "${name}" must have at most ${MAX_ID_LENGTH} characters.`,
    );
  }
  throw new TypeError(
    `The option "reference" of the loader "${name}" must return a non-empty string, a safe integer or null (got ${describeValue(value)}).`,
  );
}
