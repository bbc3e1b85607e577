/**
 * Caches in front of a session store: in process, and optionally in a Redis that several processes share. A cached copy
 * is served only under a lease. A process renews its lease by polling the store's revocation log, so no process serves
 * a revoked session for longer than the staleness bound.
 *
 * @example
 * import { SessionManager } from "coatcheck";
 * import { createCache } from "coatcheck/cache";
 * import { memoryStore } from "coatcheck/store/memory";
 *
 * const store = memoryStore();
 * const cache = createCache({ store, singleProcess: true });
 * const sessions = new SessionManager({ store, cache, secrets: ["a long secret of your own"] });
 * const { token } = await sessions.create({ subject: "user-7" });
 * const session = await sessions.resume(token);
 *
 * @module
 */
export type { Hint, HintChannel } from "../session/hint.ts";
export { createCache, type SessionCache } from "./cache.ts";
export type { Invalidations, LoadStart } from "./invalidations.ts";
export type { LocalLimits } from "./local.ts";
export { type OpenTelemetryMeter, observeCache } from "./metrics/opentelemetry.ts";
export { PROMETHEUS_CONTENT_TYPE, prometheusText } from "./metrics/prometheus.ts";
export type { CacheSnapshot } from "./metrics/snapshot.ts";
export type { CacheOptions } from "./options.ts";
export { type RedisSharedOptions, redisShared } from "./shared/redis.ts";
export type { SharedTier } from "./shared/tier.ts";
