import type { RefusalReason } from "./events.ts";
import type { HeldSession } from "./held.ts";
import { equalHashes } from "./token.ts";

/** What a genuine token is worth: `current`, `previous` (a periodic rotation is under way), or a reason to refuse it. */
export type Verdict =
  | "current"
  | "previous"
  | Extract<RefusalReason, "expired" | "revoked" | "superseded" | "theft">;

/**
 * Judges a token's secret against a session. The timeouts are checked on every read, wherever the copy came from.
 *
 * `grace` is how long, milliseconds, the old secret still opens after the new one was first used: requests that were
 * under way then. Used later it is in two hands, and the session must end (design: confirm on use).
 */
export function judge(held: HeldSession, secretHash: string, now: number, grace: number): Verdict {
  const { record } = held;
  if (record.state === "revoked") return "revoked";
  if (held.isOver(now)) return "expired";
  if (equalHashes(record.secretHash, secretHash)) return "current";
  if (record.previousSecretHash === null || !equalHashes(record.previousSecretHash, secretHash))
    return "superseded";
  return record.confirmedAt === null || now < record.confirmedAt + grace ? "previous" : "theft";
}
