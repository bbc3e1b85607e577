import { MAX_COOKIE_AGE } from "../http/cookie.ts";
import type { CreateOptions } from "../session/transitions.ts";

/**
 * When a legacy session ends: a time in epoch milliseconds, `browser` if it ends when the browser closes, or null if
 * the reader does not know the time.
 */
export type LegacyLifetime = number | "browser" | null;

/**
 * Returns options that make the new session end when the legacy session would have ended, so that a migration neither
 * shortens nor extends a login. For an unknown lifetime, the session policy applies.
 *
 * @param now epoch milliseconds, by the clock that `lifetime` is measured with.
 */
export function inheritedLifetimeOptions(lifetime: LegacyLifetime, now: number): CreateOptions {
  if (lifetime === null) return {};
  if (lifetime === "browser") return { rememberMe: false };
  // A legacy session has only one time limit, so both timeouts of the new session are set to that limit.
  const remainingMs = Math.min(Math.max(1, Math.ceil(lifetime - now)), MAX_COOKIE_AGE * 1000);
  return { idleTimeout: remainingMs, absoluteTimeout: remainingMs };
}
