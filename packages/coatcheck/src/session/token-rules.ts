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
 * How long an older token stays valid after a repeated login or an elevation while the new token is not used, in
 * milliseconds.
 */
const MAX_UNUSED_VALIDITY = 10 * 60_000;

/** The secret in a request's token, and its hash. */
export interface PresentedToken {
  readonly secret: string;
  readonly hash: string;
}

/**
 * The validity of a secret. `current`: the session's present secret. `older`: replaced, but still valid. `superseded`:
 * invalid, and replaced within the overlap: the response with the newer token may be in transit. `replaced`: invalid,
 * and replaced longer ago than the overlap. `reused`: replaced by a periodic rotation, and used after its validity
 * ended. `unknown`: not a secret of this session, or an older secret that was dropped.
 */
export type SecretCheck = "current" | "older" | "superseded" | "replaced" | "reused" | "unknown";

/** Describes a request to replace the token of a session. */
export interface SecretReplacement {
  readonly purpose: ReplacementPurpose;
  /** The token that the request presented; null if the session is changed by its id, without a token. */
  readonly presented: PresentedToken | null;
  /** The scope of an elevation. Default: none. */
  readonly scope?: string;
  /** The subject of the new token; null while anonymous. */
  readonly subject: string | null;
  /**
   * `invalidate`: older tokens become invalid at once. `keep`: they stay valid until one overlap after the new token's
   * first use.
   */
  readonly older: "invalidate" | "keep";
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The fields of a record that describe its tokens. */
export type TokenFields = Pick<
  SessionRecord,
  "secretHash" | "olderSecrets" | "wrappedSecret" | "rotatedAt" | "tokenUsedAt" | "tokenUsedVersion"
>;

/**
 * Decides which tokens are valid, and how a new token affects older ones. The rules assume that every response with a
 * new token may be lost, late or out of order. See "Tokens" in docs/sessions.md.
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

  /** Extracts the secret from a request's token, and hashes it. */
  parse(token: string): PresentedToken {
    const secret = secretOfToken(token);
    return { secret, hash: hashSecret(secret) };
  }

  /** Returns the validity of a secret at `now`, epoch milliseconds. */
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
   * Whether a logout with this secret ends the session at `now`. A valid token always does. An invalid older token also
   * does, until one overlap after the newer token's first use: until then the browser may have no other token.
   */
  mayLogOut(record: SessionRecord, hash: string, now: number): boolean {
    const check = this.check(record, hash, now);
    if (check === "unknown") return false;
    return check === "current" || check === "older" || !this.#isEstablished(record, now);
  }

  /**
   * Creates a new secret. Returns it, and the token fields of the record after the new secret has replaced the present
   * one.
   */
  replaceSecret(
    record: SessionRecord,
    change: SecretReplacement,
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
      ciphertext: this.#ring.encrypt(encryptionContextOf(record, change, presented), secret, this.#random),
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
   * Returns the current secret again for a repeated request, because the response to the first request may have been
   * lost. Both requests must have the same older token, purpose, scope and subject. The repetition must arrive before
   * the overlap ends or before the older token expires, whichever is later. Returns null otherwise.
   */
  reissueSecret(record: SessionRecord, change: Omit<SecretReplacement, "older">): string | null {
    const { purpose, presented, now } = change;
    const { wrappedSecret, olderSecrets, secretHash } = record;
    if (presented === null || wrappedSecret === null || wrappedSecret.purpose !== purpose) return null;
    if (!constantTimeEqual(wrappedSecret.olderHash, presented.hash)) return null;
    const older = findOlderSecret(olderSecrets, presented.hash);
    if (older === null || this.#isEstablished(record, now)) return null;
    // After the overlap, a valid older token is still accepted: only the client that should have received the new token
    // can have the older one.
    if (now >= older.validUntil && now >= this.overlapEnd(record, older)) return null;
    const secret = this.#ring.decrypt(
      encryptionContextOf(record, change, presented),
      wrappedSecret.ciphertext,
    );
    return secret !== null && constantTimeEqual(hashSecret(secret), secretHash) ? secret : null;
  }

  /**
   * Returns the token fields after the first use of the present token. Older tokens stay valid for one more overlap at
   * most.
   */
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

  /** Returns the elevations after a rotation. An older token has no elevations, so its rotation keeps none. */
  elevationsFor(record: SessionRecord, presented: PresentedToken | null): SessionRecord["elevations"] {
    const isCurrent = presented === null || constantTimeEqual(record.secretHash, presented.hash);
    return isCurrent ? record.elevations : {};
  }

  /**
   * Returns the encrypted secret for repeated requests. Null once one overlap has passed since the new token's first
   * use, because no request needs to be repeated after that.
   */
  wrappedSecretAt(record: SessionRecord, now: number): SessionRecord["wrappedSecret"] {
    return this.#isEstablished(record, now) ? null : record.wrappedSecret;
  }

  /**
   * Generates a random secret. If it were derived from the older secret, an attacker who planted a token could compute
   * all later tokens.
   */
  protected newSecret(_record: SessionRecord, _change: SecretReplacement): string {
    return newSecret(this.#random);
  }

  /**
   * Returns the end of the overlap that began when `older` was replaced. A later repeated request does not receive the
   * same token again.
   */
  protected overlapEnd(_record: SessionRecord, older: OlderSecret): number {
    return older.replacedAt + this.#overlap;
  }

  /** Whether the present token was first used more than one overlap ago, so that the client certainly has it. */
  #isEstablished({ tokenUsedAt }: SessionRecord, now: number): boolean {
    return tokenUsedAt !== null && now >= tokenUsedAt + this.#overlap;
  }

  #validUntil(record: SessionRecord, { purpose, now }: SecretReplacement): number {
    const isBounded = purpose === "login" || purpose === "elevate";
    return isBounded ? now + MAX_UNUSED_VALIDITY : record.expiresAt;
  }
}

/**
 * Returns the context for the encryption of a secret. Only the same request with the same older token can decrypt it.
 */
function encryptionContextOf(
  { id }: SessionRecord,
  { purpose, scope = "", subject }: Pick<SecretReplacement, "purpose" | "scope" | "subject">,
  { secret }: PresentedToken,
): readonly string[] {
  return ["wrapped secret", purpose, scope, id, subject ?? "", secret];
}
