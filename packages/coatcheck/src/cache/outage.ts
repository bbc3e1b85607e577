import type { HeldSession } from "../session/reader.ts";

/**
 * What a route does for a known browser while the store does not answer. None of them logs anybody out: the cookie is
 * left alone, and the next answer of the store counts again.
 *
 * - `closed`: 503. The default.
 * - `anonymous`: goes on without a session.
 * - `degraded`: answers from copies whose last confirmation is at most `maxAge` milliseconds old, and says so, so
 *   that a sensitive handler can refuse. Revocations of that time may be missed: this gives up the staleness bound.
 */
export type OutagePolicy = "closed" | "anonymous" | { readonly degraded: { readonly maxAge: number } };

/** A copy that answers although nobody can vouch for it. */
export interface DegradedSession {
  readonly assurance: "degraded";
  readonly held: HeldSession;
  /** Milliseconds since the store last confirmed what is held here. */
  readonly age: number;
}

/** What a route's policy comes to for one request. */
export type OutageAnswer = { readonly assurance: "closed" | "anonymous" } | DegradedSession;

/** The slice of a cache that policies are applied to. */
export interface DegradedReader {
  degraded(key: string, maxAge: number): DegradedSession | undefined;
}

/** Applies a route's policy after a read threw `STORE_UNAVAILABLE`. `degraded` without a copy comes to `closed`. */
export function answerOutage(policy: OutagePolicy, cache: DegradedReader, key: string): OutageAnswer {
  if (typeof policy === "string") return { assurance: policy };
  return cache.degraded(key, policy.degraded.maxAge) ?? { assurance: "closed" };
}
