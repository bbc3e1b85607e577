import { atom, type ReadableAtom } from "nanostores";
import type { SessionError } from "./error.ts";
import { attempt, type Scope } from "./scope.ts";

/** The name of the cookie that scripts read the CSRF token from, and of the header that sends it back. */
export interface CsrfNames {
  readonly cookie: string;
  readonly header: string;
}

/** The names that axios, Angular and Laravel use by default. */
export const XSRF_NAMES: CsrfNames = { cookie: "XSRF-TOKEN", header: "X-XSRF-TOKEN" };

/** The page's copy of the CSRF token. */
export interface Csrf {
  /** The name of the header that carries the token. */
  readonly header: string;
  readonly $token: ReadableAtom<string | null>;
  /** Reads the token from the cookie. Returns false if there is no cookie to read. */
  synchronize(): boolean;
  /** Stores a token that the server sent. Returns false, and keeps the present one, if it sent none. */
  update(token: string | null | undefined): boolean;
  /**
   * `listener` is called for each request that was rejected for its token, also after the retry. Returns the
   * unsubscriber.
   */
  listen(listener: (error: SessionError) => void): () => void;
  fail(error: SessionError): void;
}

export function createCsrf(
  scope: Scope,
  { cookie = "csrf_token", header = "x-csrf-token" }: Partial<CsrfNames> = {},
): Csrf {
  const $token = atom<string | null>(null);
  const $error = atom<SessionError | null>(null);

  function update(token: string | null | undefined): boolean {
    if (token) $token.set(token);
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
      ),
    listen: (listener) => $error.listen((error) => error && listener(error)),
    fail: $error.set,
  };
}
