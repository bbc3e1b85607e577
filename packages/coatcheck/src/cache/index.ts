export { createCache, type SessionCache } from "./cache.ts";
export type { BreakerState, GuardFigures } from "./guard.ts";
export { LATENCY_BOUNDS, type LatencySnapshot } from "./histogram.ts";
export type { LocalLimits } from "./local.ts";
export type { CacheSnapshot, SharedFigures } from "./metrics.ts";
export type { CacheOptions } from "./options.ts";
export type { Hint, SharedTier } from "./shared.ts";
export { type RedisSharedOptions, redisShared } from "./shared-redis.ts";
