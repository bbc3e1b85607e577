import { type SecretRing, TOKEN_LENGTH } from "../session/token.ts";
import type { Cookie } from "./cookie.ts";
import type { HttpRequest } from "./message.ts";

/** The values in a request that may be session tokens. */
export interface PresentedTokens {
  readonly transport: "cookie" | "bearer";
  /** Distinct values, in the order sent. */
  readonly tokens: readonly string[];
  /** Whether the browser sent several cookies of the session cookie's name. */
  readonly hasDuplicates: boolean;
}

/** A browser sends duplicates when the cookie was also set for another path or domain: a few, unless someone plants them. */
const MAX_USUAL_DUPLICATES = 8;

/**
 * Caps the number of lookups that one request can cause. Values without a valid seal cause none and do not count: a sibling
 * host can plant as many as the browser keeps, before the one that belongs to the visitor.
 */
const MAX_LOOKUPS = 32;

const SCHEME = "bearer ";

/**
 * Reads the session tokens of a request. A bearer token with the shape of a session token takes precedence over
 * cookies. Any other `Authorization` value belongs to the application, such as a JWT or an API key.
 */
export function readTokens(
  request: HttpRequest,
  cookie: Cookie,
  ring: Pick<SecretRing, "hasValidSeal">,
): PresentedTokens {
  const authorization = request.header("authorization");
  if (
    authorization?.length === SCHEME.length + TOKEN_LENGTH &&
    authorization.slice(0, SCHEME.length).toLowerCase() === SCHEME
  ) {
    return { transport: "bearer", tokens: [authorization.slice(SCHEME.length)], hasDuplicates: false };
  }
  const values = cookie.read(request.header("cookie"));
  if (values.length < 2) return { transport: "cookie", tokens: values, hasDuplicates: false };
  const distinct = [...new Set(values)];
  const tokens = distinct.length > MAX_USUAL_DUPLICATES ? withValidSeal(distinct, ring) : distinct;
  return { transport: "cookie", tokens, hasDuplicates: true };
}

/** The values with a valid seal; the first value alone if none has one, so that the request still counts as one with a cookie. */
function withValidSeal(values: readonly string[], ring: Pick<SecretRing, "hasValidSeal">): readonly string[] {
  const valid = values.filter((value) => value.length === TOKEN_LENGTH && ring.hasValidSeal(value));
  return valid.length > 0 ? valid.slice(0, MAX_LOOKUPS) : values.slice(0, 1);
}
