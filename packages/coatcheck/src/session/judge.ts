import type { RefusalReason } from "./events.ts";
import type { HeldSession } from "./held.ts";
import { equalHashes } from "./token.ts";

/**
 * The result of checking a secret. `current`: the session's present secret. `previous`: the secret before a periodic
 * rotation, still accepted. Every other value is the reason to refuse the token.
 */
export type Verdict =
  | "current"
  | "previous"
  | Extract<RefusalReason, "expired" | "revoked" | "superseded" | "theft">;

/**
 * Checks a token's secret, and both timeouts, against a session. Runs on every read, whichever tier the copy came from.
 *
 * @param secretHash SHA-256 of the token's secret, base64url.
 * @param now epoch milliseconds.
 * @param grace how long the previous secret is accepted after the new one was first used, milliseconds. It covers requests
 *   that were sent before the response with the new token arrived. A later use means that two parties hold the secret.
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
