import { atom, type ReadableAtom } from "nanostores";
import type { Debug } from "./debug.ts";
import type { SessionError } from "./error.ts";
import { attempt, type Scope } from "./scope.ts";

/** The name of the cookie that contains the CSRF token, and of the request header that repeats the token. */
export interface CsrfNames {
  readonly cookie: string;
  readonly header: string;
}

/** The names that axios, Angular and Laravel use by default. */
export const XSRF_NAMES: CsrfNames = { cookie: "XSRF-TOKEN", header: "X-XSRF-TOKEN" };

/** The source of a CSRF token. */
export type TokenSource = "cookie" | "header" | "body" | "view" | "application";

/** The page's copy of the CSRF token. */
export interface CsrfTokenCache {
  /** The name of the header that carries the token. */
  readonly header: string;
  readonly $token: ReadableAtom<string | null>;
  /** Reads the token from the cookie. Returns false if there is no cookie to read. */
  synchronize(): boolean;
  /**
   * Stores a token from `source` (default: `application`). If `token` is empty or missing, this keeps the current token
   * and returns false.
   */
  update(token: string | null | undefined, source?: TokenSource): boolean;
  /**
   * Calls `listener` for each request whose CSRF token was rejected, unless the retry succeeds. Returns the function
   * that unsubscribes.
   */
  listen(listener: (error: SessionError) => void): () => void;
  fail(error: SessionError): void;
}

export function createCsrfTokenCache(
  scope: Scope,
  debug: Debug,
  { cookie = "csrf_token", header = "x-csrf-token" }: Partial<CsrfNames> = {},
): CsrfTokenCache {
  const $token = atom<string | null>(null);
  const $error = atom<SessionError | null>(null);

  function update(token: string | null | undefined, source: TokenSource = "application"): boolean {
    if (token) {
      debug(token === $token.get() ? "token-unchanged" : "token-updated", source);
      $token.set(token);
    } else if (token === "") debug("token-refused", source);
    return !!token;
  }

  return {
    $token,
    header,
    update,
    synchronize: () =>
      update(
        attempt(() => {
          const pair = scope.document?.cookie.split("; ").find((text) => text.startsWith(`${cookie}=`));
          // Laravel percent-encodes its token; base64url is unchanged by decoding.
          return pair && decodeURIComponent(pair.slice(cookie.length + 1));
        }),
        "cookie",
      ),
    listen: (listener) => $error.listen((error) => error && listener(error)),
    fail: $error.set,
  };
}
