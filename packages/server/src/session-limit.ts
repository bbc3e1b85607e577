import type { SessionPolicy } from "coatcheck";
import { z } from "zod";

type SessionLimit = NonNullable<SessionPolicy["sessionLimit"]>;

const LIMIT_ACTIONS = [
  "evict-oldest",
  "evict-least-recently-used",
  "reject",
] as const satisfies readonly SessionLimit["onExceeded"][];

/** Parses `SESSION_LIMIT_ACTION`: the consequence of a login that exceeds `SESSION_LIMIT`. */
export const limitActionVariable = z.enum(LIMIT_ACTIONS, `must be one of ${LIMIT_ACTIONS.join(", ")}`);

/** Returns the limit of live sessions per subject that the two variables set, or null without a limit. */
export function sessionLimitOf(data: {
  readonly SESSION_LIMIT: number | null;
  readonly SESSION_LIMIT_ACTION: SessionLimit["onExceeded"];
}): SessionLimit | null {
  if (data.SESSION_LIMIT === null) return null;
  return { max: data.SESSION_LIMIT, onExceeded: data.SESSION_LIMIT_ACTION };
}
