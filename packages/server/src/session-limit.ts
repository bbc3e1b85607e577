import type { SessionPolicy } from "coatcheck";
import { z } from "zod";

type SessionLimit = NonNullable<SessionPolicy["sessionLimit"]>;

const ACTIONS = [
  "evict-oldest",
  "evict-least-recently-used",
  "reject",
] as const satisfies readonly SessionLimit["onExceeded"][];

/** Parses `SESSION_LIMIT_ACTION`: what a login beyond `SESSION_LIMIT` does. */
export const limitActionVariable = z.enum(ACTIONS, `must be one of ${ACTIONS.join(", ")}`);

/** The limit of live sessions per subject that the two variables set; null for none. */
export function sessionLimitOf(data: {
  readonly SESSION_LIMIT: number | null;
  readonly SESSION_LIMIT_ACTION: SessionLimit["onExceeded"];
}): SessionLimit | null {
  if (data.SESSION_LIMIT === null) return null;
  return { max: data.SESSION_LIMIT, onExceeded: data.SESSION_LIMIT_ACTION };
}
