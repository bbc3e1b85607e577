import type { Fault } from "../session/errors.ts";
import { usageError } from "../session/usage-error.ts";
import { Loader, type LoaderSettings } from "./loader.ts";
import { Preference, type PreferenceSettings } from "./preference.ts";

/** A loader with its name, and the entities that it depends on. */
export interface Entity {
  readonly name: string;
  readonly settings: LoaderSettings;
  /** The entities that this loader depends on, by their names in the loader's option `from`. */
  readonly from: ReadonlyMap<string, Entity>;
}

/** A preference with its name, and the entities that it depends on. */
export interface ContextPreference {
  readonly name: string;
  readonly settings: PreferenceSettings;
  readonly from: ReadonlyMap<string, Entity>;
}

/** The members of a context by name. */
export interface ResolvedMembers {
  readonly entities: ReadonlyMap<string, Entity>;
  readonly choices: ReadonlyMap<string, ContextPreference>;
}

const CONTEXT_LABEL = "context";
/**
 * A member's name is the name of a method of the object that `context.of()` returns, and the first part of the entity's
 * cache key.
 */
const MEMBER_NAME_PATTERN = /^[a-z][A-Za-z0-9]{0,63}$/;
/**
 * Names that a member cannot have. The object that `context.of()` returns already has members with these names, except
 * `then`: `await` would treat an object with a method `then` as a promise.
 */
const RESERVED_NAMES = new Set([
  "constructor",
  "then",
  "select",
  "set",
  "toString",
  "valueOf",
  "hasOwnProperty",
]);

/**
 * Resolves the dependencies between the loaders and preferences of a context.
 *
 * @throws UsageError for an invalid name, a value that is neither a loader nor a preference, a dependency that the
 *   context lacks, and a cycle. The message for a cycle shows its path, such as `user → company → user`.
 */
export function resolveMembers(members: Readonly<Record<string, unknown>>): ResolvedMembers {
  const preferences = new Map<string, Preference<string>>();
  const names = new Map<unknown, string>();
  for (const [name, loader] of Object.entries(members)) {
    if (!MEMBER_NAME_PATTERN.test(name) || RESERVED_NAMES.has(name)) {
      throw memberError(
        name,
        'must consist of letters and digits, begin with a lower-case letter, and not be a reserved name such as "select"',
      );
    }
    if (loader instanceof Preference) {
      preferences.set(name, loader);
      continue;
    }
    if (!(loader instanceof Loader))
      throw memberError(name, "must be a loader (from loader()) or a preference (from preference())");
    if (names.has(loader)) throw memberError(name, `is the same loader as "${names.get(loader)}"`);
    names.set(loader, name);
  }
  const entities = new Map<string, Entity>();
  for (const loader of names.keys()) resolveEntity(loader as Loader<unknown, unknown>, names, entities, []);
  const choices = new Map<string, ContextPreference>();
  for (const [name, { settings }] of preferences) {
    const from = new Map<string, Entity>();
    for (const [as, dependency] of Object.entries(settings.from)) {
      from.set(as, requireEntity(entities.get(names.get(dependency) ?? ""), `${name}.from.${as}`));
    }
    choices.set(name, { name, settings, from });
  }
  return { entities, choices };
}

function requireEntity(entity: Entity | undefined, path: string): Entity {
  if (entity) return entity;
  throw memberError(path, "must be a loader of the same context");
}

function resolveEntity(
  loader: Loader<unknown, never>,
  names: ReadonlyMap<unknown, string>,
  entities: Map<string, Entity>,
  path: readonly string[],
): Entity {
  const name = names.get(loader) ?? "";
  const resolvedEntity = entities.get(name);
  if (resolvedEntity) return resolvedEntity;
  if (path.includes(name)) {
    const cycle = [...path.slice(path.indexOf(name)), name].join(" → ");
    throw memberError(name, `depends on itself: ${cycle}`);
  }
  const from = new Map<string, Entity>();
  for (const [as, dependency] of Object.entries(loader.settings.from())) {
    if (!names.has(dependency)) {
      throw memberError(`${name}.from.${as}`, "must be a loader of the same context");
    }
    from.set(as, resolveEntity(dependency, names, entities, [...path, name]));
  }
  const entity = { name, settings: loader.settings, from };
  entities.set(name, entity);
  return entity;
}

function memberError(path: string, message: string): Error {
  const faults: readonly Fault[] = [{ path, message }];
  return usageError(CONTEXT_LABEL, faults);
}
