import type { CachedSession } from "./cached-session.ts";
import type { CommitState } from "./commit.ts";
import type { RefusalReason } from "./events.ts";
import type { Activity } from "./policy.ts";
import type { Tier } from "./reader.ts";
import type { SessionRecord } from "./record.ts";
import type { CreateOptions } from "./transitions.ts";

/** `full`: checked within the staleness bound. `degraded`: from an expired copy, because the store does not respond. */
export type Assurance = "full" | "degraded";

/** The initial state of a {@link Session} handle. */
export interface SessionStart {
  /** The session that the token opened; null for a visitor without a stored session. */
  readonly cached: CachedSession | null;
  /** The request's token, when it is one of the session in `cached` or `replaced`. */
  readonly presentedToken: string | null;
  /** Whether that token has been replaced but is still valid: it has no elevations and starts no periodic rotation. */
  readonly isOlderToken: boolean;
  /** The session whose replaced, invalid token the request carried: a login may join it, and a logout may end it. */
  readonly replaced: SessionRecord | null;
  /** The token to send in the response, when the request carried the older token of a periodic rotation. */
  readonly successorToken: string | null;
  /** Why the request's token was refused; null when it was accepted, and when there was none. */
  readonly refusal: RefusalReason | null;
  readonly activity: Activity;
  readonly tier: Tier | null;
  readonly assurance: Assurance;
  /** Fields for a session created by this handle. Called only on creation. */
  readonly newSession: () => CreateOptions;
}

/** The state of a handle before any write. */
export function initialState(start: SessionStart): CommitState {
  if (start.successorToken !== null) return "rotated";
  return start.cached !== null && start.activity === "user" ? "touched" : "unchanged";
}

/** Whether a periodic rotation is due at `now`. An older token, and a request that records no activity, start none. */
export function rotationIsDue(
  { rotatedAt }: SessionRecord,
  { presentedToken, activity }: SessionStart,
  rotateEvery: number | null,
  now: number,
): boolean {
  if (rotateEvery === null || presentedToken === null || activity === "none") return false;
  return now - rotatedAt >= rotateEvery;
}

/** The default for {@link SessionStart.newSession}: no fields. */
export const noFields = (): CreateOptions => ({});
