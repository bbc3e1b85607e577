import { constantTimeEqual } from "./token.ts";

/** How many older secrets a session keeps. A token whose secret has been dropped is no longer recognised. */
const MAX_OLDER_SECRETS = 8;

/** A secret that another one has replaced. The server never assumes that the newer token has reached the client. */
export interface OlderSecret {
  /** SHA-256 of the secret, base64url. */
  readonly hash: string;
  /** When it was replaced, epoch milliseconds. Its overlap runs from here and never restarts. */
  readonly replacedAt: number;
  /** Until when it opens the session, epoch milliseconds; `replacedAt` when it was invalidated at once. */
  readonly validUntil: number;
  /** Whether a use after `validUntil` revokes the session. True after a periodic rotation. */
  readonly revokesOnReuse: boolean;
}

/** Adds the secret that was just replaced, and drops the oldest beyond the limit. Newest first. */
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

/** Ends the validity of every older secret at `end` at the latest, epoch milliseconds. */
export function limitValidity(older: readonly OlderSecret[], end: number): readonly OlderSecret[] {
  return older.map((secret) => ({ ...secret, validUntil: Math.min(secret.validUntil, end) }));
}

/** The older secret with this hash, or null. */
export function findOlderSecret(older: readonly OlderSecret[], hash: string): OlderSecret | null {
  return older.find((secret) => constantTimeEqual(secret.hash, hash)) ?? null;
}
