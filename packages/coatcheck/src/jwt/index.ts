/**
 * JWTs for API requests, each bound to a session. The application issues a JWT after the login and refreshes it while
 * the session is active. When the session ends, the JWT is rejected on every node. Needs the package `jose`.
 *
 * @example
 * import { SessionManager } from "coatcheck";
 * import { createCache } from "coatcheck/cache";
 * import { createJwts } from "coatcheck/jwt";
 * import { memoryStore } from "coatcheck/store/memory";
 * import { generateKeyPair } from "jose";
 *
 * const store = memoryStore();
 * const cache = createCache({ store, singleProcess: true });
 * const manager = new SessionManager({ store, cache, secrets: ["a long secret of your own"] });
 * const pair = await generateKeyPair("EdDSA");
 * const jwts = createJwts({
 *   manager,
 *   cache,
 *   issuer: "https://office.example",
 *   audience: "office-api",
 *   keys: [{ id: "2026-12", algorithm: "EdDSA", ...pair }],
 * });
 *
 * const session = manager.begin();
 * await session.authenticate("user-7");
 * const { token } = await jwts.issue(session);
 * console.log((await jwts.verify(token)).subject); // user-7
 *
 * @module
 */
import { Jwts } from "./jwts.ts";
import type { JwtOptions } from "./options.ts";

export type { JwtIdentity, JwtVerifier } from "../http/jwt-verifier.ts";
export type { IssuedJwt, IssueOptions, Jwts } from "./jwts.ts";
export type { JwtAlgorithm, JwtKey } from "./keys.ts";
export type { JwtManager, JwtOptions } from "./options.ts";

/**
 * Creates the issuer and verifier of an application's JWTs. Pass it to the option `jwt` of `coatcheck()`, which then
 * authenticates requests by their JWT.
 *
 * @throws UsageError for an unknown or missing option, an option of the wrong type, and a key of the wrong kind, such
 *   as a private `publicKey`.
 */
export function createJwts(options: JwtOptions): Jwts {
  return new Jwts(options);
}
