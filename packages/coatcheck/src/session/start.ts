import type { RequestClient } from "./binding.ts";
import type { CachedSession } from "./cached-session.ts";
import type { CommitState } from "./commit.ts";
import type { RefusalReason } from "./events.ts";
import type { Activity } from "./policy.ts";
import type { Tier } from "./reader.ts";
import type { SessionRecord } from "./record.ts";
import type { CreateOptions } from "./transitions.ts";

/**
 * How well a session was checked. `full`: within the staleness bound. `degraded`: read from an expired copy, because
 * the store does not respond.
 */
export type Assurance = "full" | "degraded";

/** The initial state of a {@link Session} handle. */
export interface SessionStart {
  /** The session that the token opened; null for a visitor without a stored session. */
  readonly cached: CachedSession | null;
  /** The request's token; null if it belongs neither to the session in `cached` nor to the session in `replaced`. */
  readonly presentedToken: string | null;
  /**
   * Whether the request's token has been replaced but is still valid. An older token has no elevations and starts no
   * periodic rotation.
   */
  readonly isOlderToken: boolean;
  /**
   * The session of the request's token, if that token was replaced and is now invalid. A login may use this session,
   * and a logout may end it.
   */
  readonly replaced: SessionRecord | null;
  /** The token to send in the response, if the request had the older token of a periodic rotation. */
  readonly successorToken: string | null;
  /** Why the request's token was refused. Null if it was accepted, or if the request had no token. */
  readonly refusal: RefusalReason | null;
  readonly activity: Activity;
  /** The request's client; null unless sessions are bound to the client that logged in. */
  readonly client: RequestClient | null;
  readonly tier: Tier | null;
  readonly assurance: Assurance;
  /** Returns the fields of a session that this handle creates. Called only on creation. */
  readonly newSession: () => CreateOptions;
}

/** Returns the state of a handle before its first write. */
export function initialCommitState(start: SessionStart): CommitState {
  if (start.successorToken !== null) return "rotated";
  return start.cached !== null && start.activity === "user" ? "touched" : "unchanged";
}

/** Whether a periodic rotation is due at `now`. A request without a token, or without activity, starts no rotation. */
export function rotationIsDue(
  { rotatedAt }: SessionRecord,
  { presentedToken, activity }: SessionStart,
  rotateEvery: number | null,
  now: number,
): boolean {
  if (rotateEvery === null || presentedToken === null || activity === "none") return false;
  return now - rotatedAt >= rotateEvery;
}

/**
 * Returns the initial state of a handle without a stored session. `refused`: why the request's token did not open a
 * session; null without a token.
 */
export function createVisitorStart(
  newSession: () => CreateOptions,
  refused: { refusal: RefusalReason; replaced?: { record: SessionRecord; token: string } } | null,
  client: RequestClient | null,
): SessionStart {
  return {
    cached: null,
    presentedToken: refused?.replaced?.token ?? null,
    isOlderToken: false,
    replaced: refused?.replaced?.record ?? null,
    successorToken: null,
    refusal: refused?.refusal ?? null,
    activity: "user",
    client,
    tier: null,
    assurance: "full",
    newSession,
  };
}

/** The default for {@link SessionStart.newSession}. Returns no fields. */
export const noSessionFields = (): CreateOptions => ({});
