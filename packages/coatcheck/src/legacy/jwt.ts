import { CoatcheckError } from "../session/errors.ts";
import { type LegacyReader, readEach, statelessSession } from "./reader.ts";

/** What a signed token says, RFC 7519 §4. */
export interface JwtClaims {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | string[];
  readonly jti?: string;
  readonly exp?: number;
  readonly iat?: number;
  readonly [claim: string]: unknown;
}

/** How the tokens were made. */
export interface JwtCookieOptions<Key> {
  /** The `jwtVerify` of jose 5 and 6. */
  readonly jwtVerify: (
    token: string,
    key: Key,
    options: { algorithms: string[]; issuer?: string; audience?: string },
  ) => Promise<{ payload: JwtClaims }>;
  /** Whatever `jwtVerify` takes: the bytes of a shared secret, or a public key. */
  readonly key: Key;
  /** The algorithms that the older system signed with, and no other (RFC 8725 §3.1). */
  readonly algorithms: readonly string[];
  /** The cookie's. */
  readonly name: string;
  readonly issuer?: string;
  readonly audience?: string;
  /** Other cookies of the same session, such as a refresh token. */
  readonly others?: readonly string[];
  /**
   * What names one login in the token, such as its `jti`, if the older system never gave one twice. Without it each
   * token is a login of its own.
   */
  readonly id?: (claims: JwtClaims) => string;
}

/**
 * Reads JWT in a cookie, with the `jwtVerify` of jose.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` when no algorithm is given, or `none`.
 */
export function jwtCookie<Key>(options: JwtCookieOptions<Key>): LegacyReader<JwtClaims> {
  const { jwtVerify, key, algorithms, name, issuer, audience, id } = options;
  if (algorithms.length === 0 || algorithms.some((algorithm) => algorithm.toLowerCase() === "none")) {
    throw new CoatcheckError("VALIDATION_FAILED", "The algorithms of the older tokens will not do.", {
      faults: [{ path: "algorithms", message: "must name what the tokens are signed with, and not none" }],
    });
  }
  const checks = {
    algorithms: [...algorithms],
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  };
  return {
    // What names a login at one older system may name another's at the next.
    kind: id ? `jwt:${name}` : "jwt",
    cookies: [name, ...(options.others ?? [])],
    read: (cookies) =>
      readEach(cookies.all(name), async (token) => {
        try {
          const { payload } = await jwtVerify(token, key, checks);
          return statelessSession(id ? id(payload) : signedPart(token), payload);
        } catch (error) {
          const code = error instanceof Error && "code" in error ? String(error.code) : "";
          if (code === "ERR_JWT_EXPIRED") return "expired";
          if (/^ERR_(JWT|JWS|JOSE)_/.test(code) || code === "ERR_JWKS_NO_MATCHING_KEY") return "unreadable";
          // A key that cannot be fetched, or that is of the wrong kind, says nothing of the token.
          throw error;
        }
      }),
  };
}

/** One signature has several spellings in base64url (RFC 4648 §3.5); what it signs has one. */
function signedPart(token: string): string {
  return token.slice(0, token.lastIndexOf("."));
}
