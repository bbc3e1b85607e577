import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { LRUCache } from "lru-cache";
import type { JwtIdentity, JwtVerifier } from "../http/jwt-verifier.ts";
import { CoatcheckError } from "../session/errors.ts";
import type { JsonObject } from "../session/json.ts";
import { requireKnownOptions } from "../session/known-options.ts";
import { isSessionId, type SessionRecord } from "../session/record.ts";
import type { Session } from "../session/session.ts";
import { newSessionId, pooledRandom } from "../session/token.ts";
import { describeValue, usageError } from "../session/usage-error.ts";
import { Denials } from "./denials.ts";
import { expired, invalid, reasonOf } from "./errors.ts";
import { JwtKeys } from "./keys.ts";
import { type JwtOptions, MAX_LIFETIME, type ResolvedOptions, resolveOptions } from "./options.ts";

/** A JWT for a client, and when it expires. */
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

/** The type of an access token (RFC 9068 §2.1). A JWT for another purpose has another type, so neither passes as the other. */
const TYPE = "at+jwt";
/** Claims that `issue` sets. */
const OWN_CLAIMS = ["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "sid", "tenant"];
/** The claims that a JWT must have. */
const REQUIRED_CLAIMS = ["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "sid"];
/** Headers that name a key from outside of the application's list (RFC 8725 §3.10). */
const FOREIGN_KEY_HEADERS = ["jwk", "jku", "x5c", "x5u"];
/** JWTs whose verified claims this process keeps. */
const MAX_KNOWN = 10_000;
/** Characters of the longest JWT. */
const MAX_LENGTH = 8192;
/** Characters of the longest `jti`. */
const MAX_JTI_LENGTH = 128;

/**
 * Issues and verifies the JWTs of API requests. Each belongs to a session: it ends when the session is revoked, and never
 * outlives its absolute timeout. {@link createJwts} creates it, once per process.
 */
export class Jwts implements JwtVerifier {
  readonly #options: ResolvedOptions;
  readonly #keys: JwtKeys;
  readonly #denials: Denials;
  readonly #random = pooledRandom();
  /** JWT → its claims. Verifying a signature takes far longer than the rest. */
  readonly #known = new LRUCache<string, JwtIdentity>({ max: MAX_KNOWN });

  /** @throws UsageError for invalid options. */
  constructor(options: JwtOptions) {
    this.#options = resolveOptions(options);
    this.#keys = new JwtKeys(options.keys);
    const { manager, cache, clock } = this.#options;
    this.#denials = new Denials(manager, { cache, clock, ttl: MAX_LIFETIME });
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
        "An impersonated session gets no JWT, which would not name the actor.",
      );
    return await this.#sign(record, record.subject, claimsOf(options));
  }

  /**
   * Issues another JWT for a session, to a client whose JWT is about to expire. Unlike {@link issue} it reads the session from
   * the store, so that a session that another node has just revoked gets none.
   *
   * @throws CoatcheckError as {@link issue}, and `SESSION_REVOKED`, `SESSION_EXPIRED` when the session has ended.
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
      throw new CoatcheckError("CONFLICT", "Another subject has logged in; read the session again.");
    return await this.issue({ record }, options);
  }

  /**
   * Verifies a JWT: signature, algorithm, type, issuer, audience and times, then that neither it nor its session was revoked.
   * Reads the store when this process meets the JWT or its session for the first time; later ones are answered from memory.
   *
   * @throws CoatcheckError `JWT_INVALID` and `JWT_EXPIRED` with the reason; `SESSION_REVOKED` when it was denied, or its session
   *   was revoked, deleted, or has another subject or tenant by now; `STORE_UNAVAILABLE`.
   */
  async verify(token: string): Promise<JwtIdentity> {
    const identity = this.#knownIdentity(token) ?? identityOf(await this.#payloadOf(token));
    this.#known.set(token, identity);
    const { manager } = this.#options;
    if ((await this.#denials.has(identity.jti)) || (await manager.isRevoked(identity.sessionId, identity))) {
      throw new CoatcheckError("SESSION_REVOKED", "The JWT was revoked; log in again.");
    }
    return identity;
  }

  /**
   * Denies one JWT until it expires, on every node: within milliseconds, at the latest after the cache's staleness bound. To
   * end every JWT of a session, revoke the session.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE`: repeat it, the JWT may still be valid.
   */
  async deny({ jti, expiresAt }: Pick<JwtIdentity, "jti" | "expiresAt">): Promise<void> {
    const { clock, clockTolerance } = this.#options;
    const remaining = expiresAt + clockTolerance - clock.now();
    if (remaining > 0) await this.#denials.add(jti, remaining);
  }

  async #sign(record: SessionRecord, subject: string, claims: JsonObject): Promise<IssuedJwt> {
    const { issuer, audience, lifetime, clock } = this.#options;
    const { id, algorithm, privateKey } = this.#keys.signingKey();
    const now = Math.floor(clock.now() / 1000);
    const exp = Math.min(now + Math.floor(lifetime / 1000), Math.floor(record.expiresAt / 1000));
    const { tenant } = record;
    const token = await new SignJWT({ ...claims, ...(tenant !== null && { tenant }), sid: record.id })
      .setProtectedHeader({ alg: algorithm, kid: id, typ: TYPE })
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

  /** The result of an earlier verification. Nothing of it can change but the time. */
  #knownIdentity(token: string): JwtIdentity | undefined {
    const known = this.#known.get(token);
    const { clock, clockTolerance } = this.#options;
    if (known && clock.now() >= known.expiresAt + clockTolerance) throw expired();
    return known;
  }

  async #payloadOf(token: string): Promise<JWTPayload> {
    if (typeof token !== "string" || token.length > MAX_LENGTH) throw invalid("is too long");
    const { issuer, audience, clock, clockTolerance } = this.#options;
    const key = this.#keys.find(this.#keyIdOf(token));
    if (!key) throw invalid("was signed with an unknown key");
    try {
      const { payload } = await jwtVerify(token, key.publicKey, {
        // The key decides about the algorithm, never the JWT (RFC 8725 §3.1).
        algorithms: [key.algorithm],
        issuer,
        audience,
        typ: TYPE,
        requiredClaims: REQUIRED_CLAIMS,
        currentDate: new Date(clock.now()),
        clockTolerance: clockTolerance / 1000,
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw expired(error);
      // Anything else is a mistake of the application, such as a key of another algorithm.
      if (error instanceof errors.JOSEError) throw invalid(reasonOf(error), error);
      throw error;
    }
  }

  #keyIdOf(token: string): unknown {
    let header: ReturnType<typeof decodeProtectedHeader>;
    try {
      header = decodeProtectedHeader(token);
    } catch (error) {
      throw invalid("is malformed", error);
    }
    if (FOREIGN_KEY_HEADERS.some((name) => name in header)) throw invalid("brings a key of its own");
    return header.kid;
  }
}

/** Checks what `jose` does not: the types of the claims that decide here, and the longest lifetime. */
function identityOf(claims: JWTPayload): JwtIdentity {
  const { sub, jti, sid, tenant = null, exp = 0, iat = 0 } = claims;
  if (typeof sub !== "string" || sub === "") throw invalid('has no valid claim "sub"');
  if (typeof jti !== "string" || jti === "" || jti.length > MAX_JTI_LENGTH)
    throw invalid('has no valid claim "jti"');
  if (!isSessionId(sid)) throw invalid('has no valid claim "sid"');
  if (tenant !== null && typeof tenant !== "string") throw invalid('has no valid claim "tenant"');
  // A denial is kept for this time, and not for ever.
  if ((exp - iat) * 1000 > MAX_LIFETIME) throw invalid("lives too long");
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

function claimsOf({ claims = {} }: IssueOptions): JsonObject {
  if (typeof claims !== "object" || claims === null || Array.isArray(claims)) {
    const message = `must be an object (got ${describeValue(claims)})`;
    throw usageError("options of issue()", [{ path: "claims", message }]);
  }
  const own = OWN_CLAIMS.find((name) => name in claims);
  if (own === undefined) return claims;
  throw usageError("options of issue()", [{ path: `claims.${own}`, message: "is set by issue() itself" }]);
}
