import { CoatcheckError } from "../session/errors.ts";
import { shown } from "../session/usage-error.ts";
import { type Copy, type EntityCache, entityKey } from "./entity-cache.ts";
import type { Entity } from "./graph.ts";
import type { EntityId } from "./loader.ts";

/** Options of a read of an entity. */
export interface ReadEntityOptions {
  /** Load the entity again, whatever is cached. Other processes keep their copies; `invalidate` reaches them. Default: false. */
  readonly reset?: boolean;
}

/** Characters of the longest id. The key of the longest name and the longest id is a valid key of the log. */
const MAX_ID_LENGTH = 400;

const NO_ENTITIES: Readonly<Record<string, unknown>> = {};

/** Reads the entities of one session. Within one request, the same entity is the same object. */
export class SessionContext {
  readonly #session: object;
  readonly #cache: EntityCache;
  /** The copy of each entity that was read last. */
  readonly #used = new Map<string, { readonly key: string; readonly copy: Copy }>();
  readonly #reads = new Map<string, Promise<Copy>>();

  constructor(session: object, cache: EntityCache) {
    this.#session = session;
    this.#cache = cache;
  }

  /**
   * Returns the session's entity; null if the session has none, or if it does not exist.
   *
   * @throws CoatcheckError `CONTEXT_UNAVAILABLE` when a loader fails; TypeError when `reference` returns no id.
   */
  async read(entity: Entity, reset: boolean): Promise<unknown> {
    const from = entity.from.size === 0 ? NO_ENTITIES : await this.#dependenciesOf(entity);
    const id = idOf(entity, entity.settings.reference(this.#session, from));
    if (id === null) return null;
    const key = entityKey(entity.name, id);
    const used = reset ? undefined : this.#used.get(entity.name);
    if (used?.key === key && this.#cache.isCurrent(used.copy)) return used.copy.value;
    const copy = reset ? await this.#cache.reload(entity, id) : await this.#copyOf(entity, id, key);
    this.#used.set(entity.name, { key, copy });
    return copy.value;
  }

  async #dependenciesOf({ from }: Entity): Promise<Readonly<Record<string, unknown>>> {
    const entries = Array.from(from, async ([as, entity]) => [as, await this.read(entity, false)] as const);
    return Object.fromEntries(await Promise.all(entries));
  }

  async #copyOf(entity: Entity, id: EntityId, key: string): Promise<Copy> {
    const cached = this.#cache.getCached(key);
    if (cached) return cached;
    const pending = this.#reads.get(key);
    if (pending) {
      const copy = await pending;
      if (this.#cache.isCurrent(copy)) return copy;
    }
    const read = this.#cache.read(entity, id).finally(() => {
      if (this.#reads.get(key) === read) this.#reads.delete(key);
    });
    this.#reads.set(key, read);
    return await read;
  }
}

/**
 * Checks what `reference` returned.
 *
 * @throws TypeError for a value that is not an id: a mistake of the application.
 * @throws CoatcheckError `VALIDATION_FAILED` for a long string, which a client may have chosen.
 */
function idOf({ name }: Entity, value: unknown): EntityId | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  if (typeof value !== "string" || value === "") {
    throw new TypeError(
      `The reference of "${name}" must be a non-empty string, a safe integer or null (got ${shown(value)}).`,
    );
  }
  if (value.length <= MAX_ID_LENGTH) return value;
  throw new CoatcheckError(
    "VALIDATION_FAILED",
    `The id of "${name}" has more than ${MAX_ID_LENGTH} characters.`,
  );
}
