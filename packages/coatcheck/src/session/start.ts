import type { RefusalReason } from "./events.ts";
import type { HeldSession } from "./held.ts";
import type { Activity } from "./policy.ts";
import type { Tier } from "./reader.ts";
import type { CreateOptions } from "./transitions.ts";

/** `degraded`: from a copy that nobody could vouch for any more, because the store does not answer. */
export type Assurance = "full" | "degraded";

/** Where a handle starts from. */
export interface SessionStart {
  /** The session found, or null for a visitor of whom nothing is stored yet. */
  readonly held: HeldSession | null;
  /** The token that found it; null for one that another has followed already. */
  readonly presented: string | null;
  /** The successor to hand out, when the old secret of a periodic rotation was presented. */
  readonly successor: string | null;
  /** Why the token that was presented opened nothing. */
  readonly refusal: RefusalReason | null;
  readonly activity: Activity;
  readonly tier: Tier | null;
  readonly assurance: Assurance;
  /** What a session made from here shall say of its holder; asked when it is made. */
  readonly birth: () => CreateOptions;
}

/** A session of whose holder nothing is said. */
export const PLAIN = (): CreateOptions => ({});
