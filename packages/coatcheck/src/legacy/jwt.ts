import { CoatcheckError } from "../session/errors.ts";
import { type KnownOptions, requireKnownOptions, requireList } from "../session/known-options.ts";
import { type LegacyReader, readFirst, statelessSession } from "./reader.ts";

/** The claims of a JWT (RFC 7519 §4). */
export interface JwtClaims {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | string[];
  readonly jti?: string;
  readonly exp?: number;
  readonly iat?: number;
  readonly [claim: string]: unknown;
}

/** Options of {@link jwtCookie}: how the legacy system creates its tokens. */
export interface JwtCookieOptions<Key> {
  /** The function `jwtVerify` of jose 5 and 6. */
  readonly jwtVerify: (
    token: string,
    key: Key,
    options: { algorithms: string[]; issuer?: string; audience?: string },
  ) => Promise<{ payload: JwtClaims }>;
  /** A key that `jwtVerify` accepts: the bytes of a shared secret, or a public key. */
  readonly key: Key;
  /** The algorithms with which the legacy system signs, and no others (RFC 8725 §3.1). */
  readonly algorithms: readonly string[];
  /** The name of the cookie. */
  readonly name: string;
  readonly issuer?: string;
  readonly audience?: string;
  /** Names of other cookies of the same session, such as a refresh token. */
  readonly others?: readonly string[];
  /**
   * Returns a unique key of the login, such as `jti` if the legacy system never reuses one. Without this option, each
   * token is a separate login.
   */
  readonly id?: (claims: JwtClaims) => string;
}

const JWT_COOKIE_OPTIONS = {
  jwtVerify: "function",
  key: true,
  algorithms: true,
  name: true,
  issuer: true,
  audience: true,
  others: true,
  id: "function",
} satisfies KnownOptions<JwtCookieOptions<unknown>>;

/**
 * Reads a JWT from a cookie and verifies it with `jwtVerify` of jose.
 *
 * @throws UsageError for an unknown option, and for `algorithms` that are not a list.
 * @throws CoatcheckError `VALIDATION_FAILED` when `algorithms` is empty or contains `none`, and for a key that does not
 *   fit the algorithms. `jwtVerify` would only reject such a key at the first request.
 */
export function jwtCookie<Key>(options: JwtCookieOptions<Key>): LegacyReader<JwtClaims> {
  requireKnownOptions("options of jwtCookie()", options, JWT_COOKIE_OPTIONS);
  const { jwtVerify, key, algorithms, name, issuer, audience, id } = options;
  requireList("options of jwtCookie()", "algorithms", algorithms);
  if (algorithms.length === 0 || algorithms.some((algorithm) => algorithm.toLowerCase() === "none")) {
    throw invalidOptionError(
      "algorithms",
      'must list at least one signature algorithm, and must not contain "none"',
    );
  }
  const fault = keyFault(key, algorithms);
  if (fault !== null) throw invalidOptionError("key", fault);
  const checks = {
    algorithms: [...algorithms],
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  };
  return {
    // With the option `id`, two legacy systems may have equal ids, so the kind includes the cookie name. Without it,
    // the key is the token, which no other system has.
    kind: id ? `jwt:${name}` : "jwt",
    cookies: [name, ...(options.others ?? [])],
    read: (cookies) =>
      readFirst(cookies.all(name), async (token) => {
        try {
          const { payload } = await jwtVerify(token, key, checks);
          return statelessSession(id ? id(payload) : signedPart(token), payload);
        } catch (error) {
          const code = error instanceof Error && "code" in error ? String(error.code) : "";
          if (code === "ERR_JWT_EXPIRED") return "expired";
          if (/^ERR_(JWT|JWS|JOSE)_/.test(code) || code === "ERR_JWKS_NO_MATCHING_KEY") return "unreadable";
          // The key could not be fetched or has the wrong type, so the token was not checked. Throw, because it may be
          // authentic.
          throw error;
        }
      }),
  };
}

/**
 * Returns the header and payload of a token. They identify the session if the option `id` is not set. The signature is
 * left out, because base64url can encode it in several ways (RFC 4648 §3.5).
 */
function signedPart(token: string): string {
  return token.slice(0, token.lastIndexOf("."));
}

function invalidOptionError(path: string, message: string): CoatcheckError {
  return new CoatcheckError("VALIDATION_FAILED", `Invalid JWT cookie options: ${path} ${message}.`, {
    faults: [{ path, message }],
  });
}

/** Returns what is wrong with a key's type; null if the key may fit the algorithms. */
function keyFault(key: unknown, algorithms: readonly string[]): string | null {
  const isShared = algorithms.every((algorithm) => algorithm.startsWith("HS"));
  if (typeof key === "string") {
    return isShared
      ? "must be bytes, not a string: new TextEncoder().encode(secret)"
      : "must be an imported key, not a string: importSPKI() or importJWK() of jose";
  }
  if (key === null || key === undefined) return "is missing";
  if (key instanceof Uint8Array && algorithms.every((algorithm) => !algorithm.startsWith("HS")))
    return `must be a public key for ${algorithms.join(", ")}, not bytes`;
  return null;
}
