import {
  addOlderSecret,
  findOlderSecret,
  invalidateAll,
  limitValidity,
  type OlderSecret,
} from "./older-secrets.ts";
import type { SessionPolicy } from "./policy.ts";
import type { SessionRecord } from "./record.ts";
import {
  constantTimeEqual,
  hashSecret,
  newSecret,
  type RandomSource,
  type SecretRing,
  secretOfToken,
} from "./token.ts";
import type { ReplacementPurpose } from "./wrapped-secret.ts";

/**
 * How long an older token stays valid after a repeated login or a step-up if the new token is never used, in
 * milliseconds.
 */
const MAX_UNUSED_VALIDITY = 10 * 60_000;

/** The token that a request carried. */
export interface PresentedToken {
  readonly secret: string;
  readonly hash: string;
}

/**
 * The validity of a secret. `current`: the session's present secret. `older`: replaced, but still valid. `superseded`:
 * invalid, and replaced within the overlap, so that the newer token may be on its way. `replaced`: invalid, and replaced
 * longer ago. `reused`: the secret of a periodic rotation, used after its validity.
 */
export type SecretCheck = "current" | "older" | "superseded" | "replaced" | "reused" | "unknown";

/** A change of token. */
export interface Replacement {
  readonly purpose: ReplacementPurpose;
  /** The token that the request carried; null for a change by session id. */
  readonly presented: PresentedToken | null;
  /** The scope of an elevation. Default: none. */
  readonly scope?: string;
  /** The subject of the new token; null while anonymous. */
  readonly subject: string | null;
  /** `invalidate` ends all older tokens at once; `keep` until the new token is used, and for one overlap after it. */
  readonly older: "invalidate" | "keep";
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The token fields of a record. */
export type TokenFields = Pick<
  SessionRecord,
  "secretHash" | "olderSecrets" | "wrappedSecret" | "rotatedAt" | "tokenUsedAt" | "tokenUsedVersion"
>;

/**
 * Decides which tokens are valid and what a change of token does to the others. It follows from one assumption: a response
 * with a new token may be lost, late or overtaken. See "Tokens" in docs/sessions.md.
 */
export class TokenRules {
  readonly #ring: SecretRing;
  readonly #random: RandomSource;
  readonly #overlap: number;

  constructor(ring: SecretRing, random: RandomSource, { tokenOverlap }: Pick<SessionPolicy, "tokenOverlap">) {
    this.#ring = ring;
    this.#random = random;
    this.#overlap = tokenOverlap;
  }

  /** The token of a request, split into what the rules need. */
  presented(token: string): PresentedToken {
    const secret = secretOfToken(token);
    return { secret, hash: hashSecret(secret) };
  }

  /** The validity of a secret at `now`, epoch milliseconds. */
  check(record: SessionRecord, hash: string, now: number): SecretCheck {
    if (constantTimeEqual(record.secretHash, hash)) return "current";
    const older = findOlderSecret(record.olderSecrets, hash);
    if (older === null) return "unknown";
    if (now < older.validUntil) return "older";
    if (older.revokesOnReuse) return "reused";
    return now < older.replacedAt + this.#overlap ? "superseded" : "replaced";
  }

  /** Whether a request with this secret may change the session at `now`. */
  mayWrite(record: SessionRecord, hash: string, now: number): boolean {
    const check = this.check(record, hash, now);
    return check === "current" || check === "older";
  }

  /**
   * Whether a logout with this secret ends the session at `now`: always with a valid token, and with an older one until one
   * overlap after the newer token's first use. Until then the browser may hold no other token.
   */
  mayLogOut(record: SessionRecord, hash: string, now: number): boolean {
    const check = this.check(record, hash, now);
    if (check === "unknown") return false;
    return check === "current" || check === "older" || !this.#isEstablished(record, now);
  }

  /** A new secret, and the record's token fields once it has replaced the present one. */
  replace(
    record: SessionRecord,
    change: Replacement,
  ): { readonly secret: string; readonly fields: TokenFields } {
    const { purpose, presented, older, now } = change;
    const secret = this.newSecret(record, change);
    const replaced: OlderSecret = {
      hash: record.secretHash,
      replacedAt: now,
      validUntil: older === "invalidate" ? now : this.#validUntil(record, change),
      revokesOnReuse: purpose === "periodic",
    };
    const others = older === "invalidate" ? invalidateAll(record.olderSecrets, now) : record.olderSecrets;
    const wrappedSecret = presented && {
      purpose,
      olderHash: presented.hash,
      ciphertext: this.#ring.encrypt(contextOf(record, change, presented), secret, this.#random),
    };
    return {
      secret,
      fields: {
        secretHash: hashSecret(secret),
        olderSecrets: addOlderSecret(others, replaced),
        wrappedSecret,
        rotatedAt: now,
        tokenUsedAt: null,
        tokenUsedVersion: null,
      },
    };
  }

  /**
   * The secret that an earlier request of the same kind was given, when its response may have been lost: the same old
   * token, purpose, scope and subject, within the overlap, while that secret is the current one. Null otherwise.
   */
  reissue(record: SessionRecord, change: Omit<Replacement, "older">): string | null {
    const { purpose, presented, now } = change;
    const { wrappedSecret, olderSecrets, secretHash } = record;
    if (presented === null || wrappedSecret === null || wrappedSecret.purpose !== purpose) return null;
    if (!constantTimeEqual(wrappedSecret.olderHash, presented.hash)) return null;
    const older = findOlderSecret(olderSecrets, presented.hash);
    if (older === null || this.#isEstablished(record, now)) return null;
    // While the older token is valid, only the client that should have received the new token can present it.
    if (now >= older.validUntil && now >= this.overlapEnd(record, older)) return null;
    const secret = this.#ring.decrypt(contextOf(record, change, presented), wrappedSecret.ciphertext);
    return secret !== null && constantTimeEqual(hashSecret(secret), secretHash) ? secret : null;
  }

  /** The token fields after the first use of the present token: older tokens stay valid for one more overlap at most. */
  withFirstUse(record: SessionRecord, now: number): Partial<TokenFields> {
    return {
      tokenUsedAt: now,
      tokenUsedVersion: record.version + 1,
      olderSecrets: limitValidity(record.olderSecrets, now + this.#overlap),
    };
  }

  /** Whether the first use of the present token must be recorded. */
  awaitsFirstUse(record: SessionRecord): boolean {
    return record.tokenUsedAt === null && record.olderSecrets.length > 0;
  }

  /** The elevations after a rotation. An elevation belongs to the token that it was issued with, not to older ones. */
  elevationsFor(record: SessionRecord, presented: PresentedToken | null): SessionRecord["elevations"] {
    const isCurrent = presented === null || constantTimeEqual(record.secretHash, presented.hash);
    return isCurrent ? record.elevations : {};
  }

  /** The wrapped secret without what has served its time: it is erased one overlap after the new token's first use. */
  withoutServedSecret(record: SessionRecord, now: number): SessionRecord["wrappedSecret"] {
    return this.#isEstablished(record, now) ? null : record.wrappedSecret;
  }

  /** The new secret is random: deriving it from the old one would give a planted token all later ones. */
  protected newSecret(_record: SessionRecord, _change: Replacement): string {
    return newSecret(this.#random);
  }

  /** When a repeated request stops getting the same token. Counted from the older token's own replacement. */
  protected overlapEnd(_record: SessionRecord, older: OlderSecret): number {
    return older.replacedAt + this.#overlap;
  }

  /** Whether the present token was first used longer than one overlap ago: the client surely holds it. */
  #isEstablished({ tokenUsedAt }: SessionRecord, now: number): boolean {
    return tokenUsedAt !== null && now >= tokenUsedAt + this.#overlap;
  }

  #validUntil(record: SessionRecord, { purpose, now }: Replacement): number {
    const isBounded = purpose === "login" || purpose === "elevate";
    return isBounded ? now + MAX_UNUSED_VALIDITY : record.expiresAt;
  }
}

/** The context that a wrapped secret is bound to: only the same request with the same old token can decrypt it. */
function contextOf(
  { id }: SessionRecord,
  { purpose, scope = "", subject }: Pick<Replacement, "purpose" | "scope" | "subject">,
  { secret }: PresentedToken,
): readonly string[] {
  return ["wrapped secret", purpose, scope, id, subject ?? "", secret];
}
