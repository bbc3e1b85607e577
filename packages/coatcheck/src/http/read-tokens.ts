import { TOKEN_LENGTH } from "../session/token.ts";
import type { Cookie } from "./cookie.ts";
import type { HttpRequest } from "./message.ts";

/** The values in a request that may be session tokens. */
export interface PresentedTokens {
  readonly transport: "cookie" | "bearer";
  /** In the order sent. */
  readonly tokens: readonly string[];
}

/**
 * A browser sends duplicates when the cookie was also set for another path or domain: a few at most. The limit caps the
 * number of lookups that one request can cause.
 */
const MAX_DUPLICATES = 8;

const SCHEME = "bearer ";

/**
 * Reads the session tokens of a request. A bearer token with the shape of a session token takes precedence over
 * cookies. Any other `Authorization` value belongs to the application, such as a JWT or an API key.
 */
export function readTokens(request: HttpRequest, cookie: Cookie): PresentedTokens {
  const authorization = request.header("authorization");
  if (
    authorization?.length === SCHEME.length + TOKEN_LENGTH &&
    authorization.slice(0, SCHEME.length).toLowerCase() === SCHEME
  ) {
    return { transport: "bearer", tokens: [authorization.slice(SCHEME.length)] };
  }
  const tokens = cookie.read(request.header("cookie"));
  return {
    transport: "cookie",
    tokens: tokens.length > MAX_DUPLICATES ? tokens.slice(0, MAX_DUPLICATES) : tokens,
  };
}
