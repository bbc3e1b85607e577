import type { SessionCache } from "../cache/cache.ts";
import { type Clock, systemClock } from "../session/clock.ts";
import { type KnownOptions, requireKnownOptions } from "../session/known-options.ts";
import type { SessionManager } from "../session/manager.ts";
import { warnOfShortDurations } from "../session/short-durations.ts";
import { describeValue, usageError } from "../session/usage-error.ts";
import type { JwtKey } from "./keys.ts";

/**
 * The methods that {@link JwtOptions.manager} must have. Every `SessionManager` has them, whatever the type of its
 * data.
 */
export type JwtManager = Pick<
  SessionManager<never>,
  "createDerived" | "find" | "findDerived" | "isRevoked" | "revoke"
>;

/** Options of {@link createJwts}. Only `lifetime`, `clockTolerance` and `clock` are optional. */
export interface JwtOptions {
  /** The session manager, whose sessions the JWTs belong to. */
  readonly manager: JwtManager;
  /**
   * The cache of the manager, from `createCache`. Through its log, this process learns which JWTs other processes have
   * denied.
   */
  readonly cache: Pick<SessionCache, "invalidations">;
  /** The keys, newest first. The first key with a private key signs; all keys verify. */
  readonly keys: readonly JwtKey[];
  /** The claim `iss`: the URL of the application. */
  readonly issuer: string;
  /** The claim `aud`: the name of the API. */
  readonly audience: string;
  /**
   * Milliseconds for which a JWT is valid, at most one hour. `sweep` must retain ended sessions for longer than that.
   * Default: 10 minutes.
   */
  readonly lifetime?: number;
  /** Milliseconds by which the clocks of two processes may differ. Default: 5 s. */
  readonly clockTolerance?: number;
  /** Returns the current time. Default: the system clock. */
  readonly clock?: Clock;
}

/** The validated options, with their defaults. */
export type ResolvedJwtOptions = Required<Omit<JwtOptions, "keys">>;

/** The maximum lifetime of a JWT: one hour. The denial of a revoked JWT must be stored for this long. */
export const MAX_JWT_LIFETIME = 60 * 60_000;
const MAX_CLOCK_TOLERANCE = 60_000;

const JWT_OPTIONS = {
  manager: true,
  cache: true,
  keys: true,
  issuer: true,
  audience: true,
  lifetime: true,
  clockTolerance: true,
  clock: true,
} satisfies KnownOptions<JwtOptions>;

const OPTIONS_LABEL = "options of createJwts()";

/** Checks the options of `createJwts`, except the keys. Throws `UsageError`. */
export function resolveJwtOptions(options: JwtOptions): ResolvedJwtOptions {
  requireKnownOptions(OPTIONS_LABEL, options, JWT_OPTIONS);
  const { manager, cache, issuer, audience, clock = systemClock } = options;
  const { lifetime = 10 * 60_000, clockTolerance = 5000 } = options;
  if (typeof manager?.isRevoked !== "function") {
    throw usageError(OPTIONS_LABEL, [
      { path: "manager", message: `must be a SessionManager (got ${describeValue(manager)})` },
    ]);
  }
  for (const [path, value] of Object.entries({ issuer, audience })) {
    if (typeof value === "string" && value !== "") continue;
    throw usageError(OPTIONS_LABEL, [
      { path, message: `must be a non-empty string (got ${describeValue(value)})` },
    ]);
  }
  requireDuration("lifetime", lifetime, 1000, MAX_JWT_LIFETIME);
  requireDuration("clockTolerance", clockTolerance, 0, MAX_CLOCK_TOLERANCE);
  warnOfShortDurations(OPTIONS_LABEL, "lifetime", { lifetime });
  warnOfShortDurations(OPTIONS_LABEL, "wait", { clockTolerance });
  return { manager, cache, issuer, audience, lifetime, clockTolerance, clock };
}

function requireDuration(path: string, value: number, min: number, max: number): void {
  if (typeof value === "number" && value >= min && value <= max) return;
  const message = `must be ${min} to ${max} milliseconds (got ${describeValue(value)})`;
  throw usageError(OPTIONS_LABEL, [{ path, message }]);
}
