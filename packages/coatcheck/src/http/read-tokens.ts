import { type SecretRing, TOKEN_LENGTH } from "../session/token.ts";
import type { Cookie } from "./cookie.ts";
import type { HttpRequest } from "./message.ts";

/** The values in a request that may be session tokens. */
export interface PresentedTokens {
  readonly transport: "cookie" | "bearer";
  /** Distinct values, in the order sent. */
  readonly tokens: readonly string[];
  /** Whether the browser sent several cookies with the name of the session cookie. */
  readonly hasDuplicates: boolean;
  /** The bearer token that may be a JWT; null if there is none, or if the option `jwt` is not set. */
  readonly jwt: string | null;
}

/**
 * A browser sends several cookies of one name if they were set for different paths or domains. More than this number
 * suggest an attack.
 */
const MAX_USUAL_DUPLICATES = 8;

/**
 * Limits the store lookups that one request can cause. Only values with a valid seal (the signature within a token)
 * count, because a sibling host can plant many invalid values, which the browser sends before the visitor's own.
 */
const MAX_TOKEN_LOOKUPS = 32;

const BEARER_PREFIX = "bearer ";

/** Dependencies of {@link readTokens}. */
interface ReadTokensDependencies {
  readonly cookie: Cookie;
  readonly ring: Pick<SecretRing, "hasValidSeal">;
  /** Whether bearer tokens may be JWTs. */
  readonly acceptsJwts: boolean;
}

/**
 * Reads the session tokens of a request. A bearer token takes precedence over cookies if it has the form of a session
 * token, or of a JWT if JWTs are accepted. Any other `Authorization` value belongs to the application, such as an API
 * key.
 */
export function readTokens(
  request: HttpRequest,
  { cookie, ring, acceptsJwts }: ReadTokensDependencies,
): PresentedTokens {
  const bearer = bearerTokenOf(request.header("authorization"));
  if (bearer?.length === TOKEN_LENGTH) {
    return { transport: "bearer", tokens: [bearer], hasDuplicates: false, jwt: null };
  }
  // A text with an empty signature counts as a JWT too, so that the request is rejected later. Otherwise its cookie
  // would be used.
  if (acceptsJwts && bearer?.split(".", 4).length === 3) {
    return { transport: "bearer", tokens: [], hasDuplicates: false, jwt: bearer };
  }
  const values = cookie.read(request.header("cookie"));
  if (values.length < 2) return { transport: "cookie", tokens: values, hasDuplicates: false, jwt: null };
  const distinct = [...new Set(values)];
  const tokens = distinct.length > MAX_USUAL_DUPLICATES ? filterByValidSeal(distinct, ring) : distinct;
  return { transport: "cookie", tokens, hasDuplicates: true, jwt: null };
}

function bearerTokenOf(authorization: string | undefined): string | null {
  if (authorization?.slice(0, BEARER_PREFIX.length).toLowerCase() !== BEARER_PREFIX) return null;
  return authorization.slice(BEARER_PREFIX.length);
}

/**
 * Returns the values whose seal (the signature within a token) is valid. If no value has a valid seal, returns the
 * first value, so that the request is not mistaken for a request without a cookie.
 */
function filterByValidSeal(
  values: readonly string[],
  ring: Pick<SecretRing, "hasValidSeal">,
): readonly string[] {
  const valid = values.filter((value) => value.length === TOKEN_LENGTH && ring.hasValidSeal(value));
  return valid.length > 0 ? valid.slice(0, MAX_TOKEN_LOOKUPS) : values.slice(0, 1);
}
