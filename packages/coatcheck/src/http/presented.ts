import { TOKEN_LENGTH } from "../session/token.ts";
import type { Cookie } from "./cookie.ts";
import type { HttpRequest } from "./message.ts";

/** What a request carries that may be a session token. */
export interface Presented {
  readonly transport: "cookie" | "bearer";
  /** In the order sent. */
  readonly tokens: readonly string[];
}

/** A browser has duplicates when somebody set the cookie on another path or domain: a few. More is an attack. */
const MOST_DUPLICATES = 8;

const SCHEME = "bearer ";

/**
 * A bearer token that looks like one of ours outweighs cookies; anything else in `Authorization` is the application's
 * own business, such as a JWT or an API key.
 */
export function presentedBy(request: HttpRequest, cookie: Cookie): Presented {
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
    tokens: tokens.length > MOST_DUPLICATES ? tokens.slice(0, MOST_DUPLICATES) : tokens,
  };
}
