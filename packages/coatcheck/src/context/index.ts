/**
 * The entities that a session refers to: user, company, warehouse. They are cached once per process and in an optional
 * shared tier, not in each session, and an invalidation reaches every node through the same log as a revocation of a
 * session.
 *
 * @example
 * import { SessionManager } from "coatcheck";
 * import { createCache } from "coatcheck/cache";
 * import { defineContext, loader } from "coatcheck/context";
 * import { memoryStore } from "coatcheck/store/memory";
 *
 * const names = new Map([["user-7", "Ada"]]);
 * const store = memoryStore();
 * const cache = createCache({ store, singleProcess: true });
 * const sessions = new SessionManager({ store, cache, secrets: ["a long secret of your own"] });
 *
 * const user = loader({
 *   reference: (session) => session.subject,
 *   load: (id) => ({ id, name: names.get(id) ?? "unknown" }),
 * });
 * const context = defineContext({ user }, { cache });
 *
 * const { token } = await sessions.create({ subject: "user-7" });
 * const session = await sessions.resume(token);
 * if (session.refusal === null) console.log((await context.of(session).user())?.name); // Ada
 * names.set("user-7", "Ada L.");
 * await context.invalidate("user", "user-7");
 *
 * @module
 */
export {
  type Context,
  type ContextMembers,
  type ContextOptions,
  defineContext,
  type EntityNames,
  type EntityReaders,
  type PreferenceNames,
  type SelectOptions,
  type SessionOf,
  type ValueOf,
} from "./define-context.ts";
export type { EntityCacheMetrics } from "./entity-cache.ts";
export {
  type CheckedLoaderOptions,
  type ContextSession,
  type Dependencies,
  type EntitiesOf,
  type LoadCall,
  Loader,
  type LoaderOptions,
  loader,
} from "./loader.ts";
export { Preference, type PreferenceOptions, preference } from "./preference.ts";
export type { ContextRequest, EntityId, IdCodec, SelectionOptions } from "./selection.ts";
export type { ReadEntityOptions } from "./session-context.ts";
export {
  type RedisEntitiesOptions,
  redisEntities,
  type SharedEntities,
  type SharedEntity,
} from "./shared.ts";
