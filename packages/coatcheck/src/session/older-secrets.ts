import { constantTimeEqual } from "./token.ts";

/** How many older secrets a session stores. A token with a dropped secret is treated as unknown. */
const MAX_OLDER_SECRETS = 8;

/** A secret that was replaced by a newer secret. It is stored because the response with the newer token may be lost. */
export interface OlderSecret {
  /** SHA-256 of the secret, base64url. */
  readonly hash: string;
  /**
   * When the secret was replaced, epoch milliseconds. The overlap, during which the secret is still recognized
   * (`tokenOverlap` of the policy), starts at this time and never restarts.
   */
  readonly replacedAt: number;
  /**
   * The end of the secret's validity, epoch milliseconds. Equal to `replacedAt` when the secret was invalidated at
   * once.
   */
  readonly validUntil: number;
  /** Whether a use after `validUntil` revokes the session. True after a periodic rotation. */
  readonly revokesOnReuse: boolean;
}

/** Adds the secret that was just replaced at the front. Drops the oldest one if there are more than eight. */
export function addOlderSecret(older: readonly OlderSecret[], replaced: OlderSecret): readonly OlderSecret[] {
  return [replaced, ...older].slice(0, MAX_OLDER_SECRETS);
}

/** Invalidates every older secret at `now`, epoch milliseconds. */
export function invalidateAll(older: readonly OlderSecret[], now: number): readonly OlderSecret[] {
  return older.map((secret) => ({
    ...secret,
    validUntil: Math.min(secret.validUntil, now),
    revokesOnReuse: false,
  }));
}

/** Ends the validity of every older secret at `end` (epoch milliseconds), unless it ends earlier. */
export function limitValidity(older: readonly OlderSecret[], end: number): readonly OlderSecret[] {
  return older.map((secret) => ({ ...secret, validUntil: Math.min(secret.validUntil, end) }));
}

/** Returns the older secret with this hash, or null. */
export function findOlderSecret(older: readonly OlderSecret[], hash: string): OlderSecret | null {
  return older.find((secret) => constantTimeEqual(secret.hash, hash)) ?? null;
}
