import { atom, type ReadableAtom } from "nanostores";
import type { Debug } from "./debug.ts";
import type { SessionError } from "./error.ts";
import { attempt, type Scope } from "./scope.ts";

/** The name of the cookie that scripts read the CSRF token from, and of the header that sends it back. */
export interface CsrfNames {
  readonly cookie: string;
  readonly header: string;
}

/** The names that axios, Angular and Laravel use by default. */
export const XSRF_NAMES: CsrfNames = { cookie: "XSRF-TOKEN", header: "X-XSRF-TOKEN" };

/** Where a CSRF token comes from. */
export type TokenSource = "cookie" | "header" | "body" | "view" | "application";

/** The page's copy of the CSRF token. */
export interface Csrf {
  /** The name of the header that carries the token. */
  readonly header: string;
  readonly $token: ReadableAtom<string | null>;
  /** Reads the token from the cookie. Returns false if there is no cookie to read. */
  synchronize(): boolean;
  /** Stores a token from `source` (default: `application`). Returns false, and keeps the present one, if there is none or it is empty. */
  update(token: string | null | undefined, source?: TokenSource): boolean;
  /**
   * `listener` is called for each request that was rejected for its token, also after the retry. Returns the
   * unsubscriber.
   */
  listen(listener: (error: SessionError) => void): () => void;
  fail(error: SessionError): void;
}

export function createCsrf(
  scope: Scope,
  debug: Debug,
  { cookie = "csrf_token", header = "x-csrf-token" }: Partial<CsrfNames> = {},
): Csrf {
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
