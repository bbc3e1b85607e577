/** A verified JWT: its subject, and the session for which it was issued. */
export interface JwtIdentity {
  /** The claim `sub`. */
  readonly subject: string;
  /** The claim `tenant`; null if absent. */
  readonly tenant: string | null;
  /** The claim `sid`: the session for which the JWT was issued. */
  readonly sessionId: string;
  /** The claim `jti`: the id of this JWT. */
  readonly jti: string;
  /** The claim `exp`, epoch milliseconds. */
  readonly expiresAt: number;
  /** All claims, including those of the application. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Verifies the JWTs of requests. `createJwts()` of `coatcheck/jwt` creates a verifier. */
export interface JwtVerifier {
  /**
   * Verifies a JWT.
   *
   * @throws CoatcheckError `JWT_INVALID`, `JWT_EXPIRED`, `SESSION_REVOKED` when the JWT was denied or its session was
   *   revoked, and `STORE_UNAVAILABLE`.
   */
  verify(token: string): Promise<JwtIdentity>;
}
