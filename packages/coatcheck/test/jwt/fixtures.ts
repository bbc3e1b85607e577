import { generateKeyPairSync } from "node:crypto";
import { SignJWT } from "jose";
import { createCache } from "../../src/cache/index.ts";
import { SessionManager } from "../../src/index.ts";
import { createJwts, type JwtAlgorithm, type JwtKey, type JwtOptions } from "../../src/jwt/index.ts";
import { Session } from "../../src/session/session.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { fakeClock } from "../../src/testing/clock.ts";

export const MINUTE = 60_000;
export const ISSUER = "https://office.example";
export const AUDIENCE = "office-api";

/**
 * Returns a key pair for this algorithm. Creates it only once per process, because the creation of an RSA key is slow.
 */
export function getKeyPair(algorithm: JwtAlgorithm, id = algorithm.toLowerCase()): Required<JwtKey> {
  return { id, algorithm, ...generateKeys(algorithm) };
}

function generateKeys(algorithm: JwtAlgorithm) {
  if (algorithm === "RS256") return generateKeyPairSync("rsa", { modulusLength: 2048 });
  return algorithm === "EdDSA"
    ? generateKeyPairSync("ed25519")
    : generateKeyPairSync("ec", { namedCurve: "P-256" });
}

export const SITE_KEY = getKeyPair("EdDSA");

/** A store that counts its reads. */
export class CountingStore {
  reads = 0;
  readonly store: SessionStore;

  constructor(store: SessionStore = memoryStore()) {
    this.store = new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...given: unknown[]) => {
          if (name === "get" || name === "list") this.reads++;
          return Reflect.apply(member, target, given);
        };
      },
    });
  }
}

type SiteOptions = Partial<JwtOptions> & {
  readonly store?: SessionStore;
  readonly rotateEvery?: number | null;
};

/** One process of an application with JWTs. */
export class Site {
  readonly clock = fakeClock();
  readonly countingStore: CountingStore;
  readonly cache;
  readonly manager: SessionManager<{ theme?: string }>;
  readonly jwts;

  constructor({ store = memoryStore(), rotateEvery = null, ...options }: SiteOptions = {}) {
    this.countingStore = new CountingStore(store);
    this.cache = createCache({ store: this.countingStore.store, singleProcess: true, clock: this.clock });
    this.manager = new SessionManager({
      store: this.countingStore.store,
      cache: this.cache,
      clock: this.clock,
      secrets: ["a secret of sixteen"],
      policy: { idleTimeout: 2 * MINUTE, absoluteTimeout: 60 * MINUTE, rotateEvery },
    });
    this.jwts = createJwts({
      manager: this.manager,
      cache: this.cache,
      clock: this.clock,
      issuer: ISSUER,
      audience: AUDIENCE,
      keys: [SITE_KEY],
      ...options,
    });
  }

  /** Logs a user in. Returns the session and a JWT of the session. */
  async logIn(subject = "ada"): Promise<{ session: Session<{ theme?: string }>; token: string }> {
    const session = this.manager.begin();
    await session.authenticate(subject, { tenant: "acme" });
    return { session, token: (await this.jwts.issue(session)).token };
  }

  /** Opens the session that a JWT belongs to, as a request does. */
  async openSession(token: string): Promise<Session<{ theme?: string }>> {
    const { sessionId, subject } = await this.jwts.verify(token);
    const found = await this.manager.open(sessionId, subject);
    if (found instanceof Session) return found;
    throw new Error(`The session was refused: ${found.refusal}.`);
  }

  /** Signs arbitrary claims as a JWT, by default with the site's key. */
  async signClaims(
    claims: Readonly<Record<string, unknown>>,
    header: Readonly<Record<string, unknown>> = {},
    key: Required<JwtKey> = SITE_KEY,
  ): Promise<string> {
    return await new SignJWT(claims)
      .setProtectedHeader({ alg: key.algorithm, kid: key.id, typ: "at+jwt", ...header })
      .sign(key.privateKey);
  }

  /** Returns valid claims of a JWT for this session. Tests change some of them and sign the result. */
  createClaims(session: Pick<Session, "subject" | "tenant" | "id">): Record<string, unknown> {
    const now = Math.floor(this.clock.now() / 1000);
    const times = { iat: now, nbf: now, exp: now + 300 };
    return {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: session.subject,
      jti: "j-1",
      sid: session.id,
      tenant: session.tenant,
      ...times,
    };
  }
}
