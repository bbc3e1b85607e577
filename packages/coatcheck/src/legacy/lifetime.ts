import { MAX_COOKIE_AGE } from "../http/cookie.ts";
import type { CreateOptions } from "../session/transitions.ts";

/**
 * How long a legacy session lasts: until a time, epoch milliseconds; until the browser closes; null when the reader does
 * not know it.
 */
export type LegacyLifetime = number | "browser" | null;

/**
 * The options with which the new session lasts as long as the legacy one would have: a migration must log no user out
 * earlier, and prolong no login. An unknown lifetime is left to the policy.
 *
 * @param now epoch milliseconds, by the clock that `lifetime` is measured with.
 */
export function inheritedLifetime(lifetime: LegacyLifetime, now: number): CreateOptions {
  if (lifetime === null) return {};
  if (lifetime === "browser") return { rememberMe: false };
  // A legacy session has one limit, so neither timeout may end the new one earlier.
  const left = Math.min(Math.max(1, Math.ceil(lifetime - now)), MAX_COOKIE_AGE * 1000);
  return { idleTimeout: left, absoluteTimeout: left };
}
