import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { LRUCache } from "lru-cache";
import type { JwtIdentity, JwtVerifier } from "../http/jwt-verifier.ts";
import { CoatcheckError } from "../session/errors.ts";
import type { JsonObject } from "../session/json.ts";
import { requireKnownOptions } from "../session/known-options.ts";
import { isSessionId, type SessionRecord } from "../session/record.ts";
import type { Session } from "../session/session.ts";
import { createPooledRandom, newSessionId } from "../session/token.ts";
import { describeValue, usageError } from "../session/usage-error.ts";
import { Denials } from "./denials.ts";
import { jwtExpiredError, jwtInvalidError, rejectionReason } from "./errors.ts";
import { JwtKeys } from "./keys.ts";
import { type JwtOptions, MAX_JWT_LIFETIME, type ResolvedJwtOptions, resolveJwtOptions } from "./options.ts";

/** An issued JWT, and the time when it expires. */
export interface IssuedJwt {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** Options of `issue` and `refresh`. */
export interface IssueOptions {
  /** Claims of the application, such as permissions for another service. Clients can read them. Default: none. */
  readonly claims?: JsonObject;
}

/**
 * The value of the header `typ` for access tokens (RFC 9068 §2.1). JWTs for other purposes have another type and are
 * therefore rejected.
 */
const JWT_TYPE = "at+jwt";
const ISSUE_OPTIONS_LABEL = "options of issue()";
/** Claims that `issue` sets. */
const RESERVED_CLAIMS = ["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "sid", "tenant"];
/** The claims that a JWT must have. */
const REQUIRED_CLAIMS = ["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "sid"];
/** Headers with which a JWT names its own key, instead of one in the application's list (RFC 8725 §3.10). */
const EMBEDDED_KEY_HEADERS = ["jwk", "jku", "x5c", "x5u"];
/** How many verified JWTs this process caches. */
const MAX_CACHED_JWTS = 10_000;
/** The longest accepted JWT, in characters. */
const MAX_JWT_LENGTH = 8192;
/** The longest accepted `jti`, in characters. */
const MAX_JTI_LENGTH = 128;

/**
 * Issues and verifies the JWTs of API requests. Each JWT belongs to a session: it is rejected once the session is
 * revoked, and expires no later than the session's absolute timeout. Create one instance per process, with {@link
 * createJwts}.
 */
export class Jwts implements JwtVerifier {
  readonly #options: ResolvedJwtOptions;
  readonly #keys: JwtKeys;
  readonly #denials: Denials;
  readonly #random = createPooledRandom();
  /** The verified claims of each JWT. Cached because verifying a signature is slow. */
  readonly #verifiedClaims = new LRUCache<string, JwtIdentity>({ max: MAX_CACHED_JWTS });

  /** @throws UsageError for invalid options. */
  constructor(options: JwtOptions) {
    this.#options = resolveJwtOptions(options);
    this.#keys = new JwtKeys(options.keys);
    const { manager, cache, clock } = this.#options;
    this.#denials = new Denials(manager, { cache, clock, ttl: MAX_JWT_LIFETIME });
  }

  /**
   * Issues a JWT for a session, after a login.
   *
   * @throws CoatcheckError `SESSION_REQUIRED` unless the session is stored and logged in.
   * @throws UsageError for a claim that {@link issue} itself sets, and when no key can sign.
   */
  async issue(session: Pick<Session<unknown>, "record">, options: IssueOptions = {}): Promise<IssuedJwt> {
    requireKnownOptions("options of issue()", options, { claims: true });
    const { record } = session;
    if (record === null || record.subject === null)
      throw new CoatcheckError("SESSION_REQUIRED", "Log in first.");
    if (record.actor !== null)
      throw new CoatcheckError(
        "FORBIDDEN",
        "Cannot issue a JWT while impersonating: the JWT would not name the actor.",
      );
    return await this.#sign(record, record.subject, applicationClaims(options));
  }

  /**
   * Issues another JWT for a session, to a client whose JWT is about to expire. Unlike {@link issue} it reads the
   * session from the store, so that it issues no JWT if another node has just revoked the session.
   *
   * @throws CoatcheckError in the same cases as {@link issue}; `SESSION_REVOKED` or `SESSION_EXPIRED` when the session
   * has ended.
   */
  async refresh(
    session: Pick<Session<unknown>, "id" | "record">,
    options?: IssueOptions,
  ): Promise<IssuedJwt> {
    const { manager, clock } = this.#options;
    const record = await manager.find(session.id);
    if (record?.state === "revoked")
      throw new CoatcheckError("SESSION_REVOKED", "The session was revoked; log in again.");
    if (record && clock.now() >= record.expiresAt)
      throw new CoatcheckError("SESSION_EXPIRED", "The session has expired; log in again.");
    if (record && record.subject !== session.record?.subject)
      throw new CoatcheckError(
        "CONFLICT",
        "Cannot refresh the JWT: another subject has logged in to this session; read the session again.",
      );
    return await this.issue({ record }, options);
  }

  /**
   * Verifies a JWT: its signature, algorithm, type, issuer, audience and times. Then checks that the JWT was not denied
   * and that its session was not revoked. Reads the store only when this process receives the JWT, or a JWT of this
   * session, for the first time; later verifications use cached results.
   *
   * @throws CoatcheckError `JWT_INVALID` and `JWT_EXPIRED` with the reason; `SESSION_REVOKED` when the JWT was denied,
   *   or its session was revoked, deleted, or now has another subject or tenant; `STORE_UNAVAILABLE`.
   */
  async verify(token: string): Promise<JwtIdentity> {
    const identity = this.#cachedIdentity(token) ?? identityOf(await this.#verifyPayload(token));
    this.#verifiedClaims.set(token, identity);
    const { manager } = this.#options;
    if ((await this.#denials.has(identity.jti)) || (await manager.isRevoked(identity.sessionId, identity))) {
      throw new CoatcheckError("SESSION_REVOKED", "The JWT was revoked; log in again.");
    }
    return identity;
  }

  /**
   * Denies one JWT until it expires. Other nodes reject it within milliseconds, at the latest after the cache's
   * `maxStaleness`. To end all JWTs of a session, revoke the session.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE`: the JWT may still be valid, so call it again.
   */
  async deny({ jti, expiresAt }: Pick<JwtIdentity, "jti" | "expiresAt">): Promise<void> {
    const { clock, clockTolerance } = this.#options;
    const remaining = expiresAt + clockTolerance - clock.now();
    if (remaining > 0) await this.#denials.add(jti, remaining);
  }

  async #sign(record: SessionRecord, subject: string, claims: JsonObject): Promise<IssuedJwt> {
    const { issuer, audience, lifetime, clock } = this.#options;
    const { id, algorithm, privateKey } = this.#keys.requireSigningKey();
    const now = Math.floor(clock.now() / 1000);
    const exp = Math.min(now + Math.floor(lifetime / 1000), Math.floor(record.expiresAt / 1000));
    const { tenant } = record;
    const token = await new SignJWT({ ...claims, ...(tenant !== null && { tenant }), sid: record.id })
      .setProtectedHeader({ alg: algorithm, kid: id, typ: JWT_TYPE })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(subject)
      .setJti(newSessionId(this.#random))
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(exp)
      .sign(privateKey);
    return { token, expiresAt: exp * 1000 };
  }

  /**
   * Returns the claims of a JWT that this process has verified before; undefined for any other JWT. Of such a JWT, only
   * the expiry must be checked again.
   */
  #cachedIdentity(token: string): JwtIdentity | undefined {
    const identity = this.#verifiedClaims.get(token);
    const { clock, clockTolerance } = this.#options;
    if (identity && clock.now() >= identity.expiresAt + clockTolerance) throw jwtExpiredError();
    return identity;
  }

  async #verifyPayload(token: string): Promise<JWTPayload> {
    if (typeof token !== "string" || token.length > MAX_JWT_LENGTH) throw jwtInvalidError("is too long");
    const { issuer, audience, clock, clockTolerance } = this.#options;
    const key = this.#keys.find(this.#keyIdOf(token));
    if (!key) throw jwtInvalidError("was signed with an unknown key");
    try {
      const { payload } = await jwtVerify(token, key.publicKey, {
        // The algorithm is the key's, never the one that the JWT names (RFC 8725 §3.1).
        algorithms: [key.algorithm],
        issuer,
        audience,
        typ: JWT_TYPE,
        requiredClaims: REQUIRED_CLAIMS,
        currentDate: new Date(clock.now()),
        clockTolerance: clockTolerance / 1000,
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw jwtExpiredError(error);
      // Any other error is a bug in the application, such as a key for another algorithm.
      if (error instanceof errors.JOSEError) throw jwtInvalidError(rejectionReason(error), error);
      throw error;
    }
  }

  #keyIdOf(token: string): unknown {
    let header: ReturnType<typeof decodeProtectedHeader>;
    try {
      header = decodeProtectedHeader(token);
    } catch (error) {
      throw jwtInvalidError("is malformed", error);
    }
    if (EMBEDDED_KEY_HEADERS.some((name) => name in header)) throw jwtInvalidError("contains its own key");
    return header.kid;
  }
}

/** Checks what `jose` does not check: the types of the claims used here, and the maximum lifetime. */
function identityOf(claims: JWTPayload): JwtIdentity {
  const { sub, jti, sid, tenant = null, exp = 0, iat = 0 } = claims;
  if (typeof sub !== "string" || sub === "") throw jwtInvalidError('has no valid claim "sub"');
  if (typeof jti !== "string" || jti === "" || jti.length > MAX_JTI_LENGTH)
    throw jwtInvalidError('has no valid claim "jti"');
  if (!isSessionId(sid)) throw jwtInvalidError('has no valid claim "sid"');
  if (tenant !== null && typeof tenant !== "string") throw jwtInvalidError('has no valid claim "tenant"');
  // Reject JWTs that are valid for longer, because a denial is only stored for this time.
  if ((exp - iat) * 1000 > MAX_JWT_LIFETIME) throw jwtInvalidError("is valid for too long");
  // Frozen, because later requests with the same JWT get the same object.
  return Object.freeze({
    subject: sub,
    tenant,
    sessionId: sid,
    jti,
    expiresAt: exp * 1000,
    claims: Object.freeze(claims),
  });
}

function applicationClaims({ claims = {} }: IssueOptions): JsonObject {
  if (typeof claims !== "object" || claims === null || Array.isArray(claims)) {
    const message = `must be an object (got ${describeValue(claims)})`;
    throw usageError(ISSUE_OPTIONS_LABEL, [{ path: "claims", message }]);
  }
  const reservedClaim = RESERVED_CLAIMS.find((name) => name in claims);
  if (reservedClaim === undefined) return claims;
  throw usageError(ISSUE_OPTIONS_LABEL, [
    { path: `claims.${reservedClaim}`, message: "must be omitted, because issue() sets this claim" },
  ]);
}
