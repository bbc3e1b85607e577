import { atom, type ReadableAtom } from "nanostores";
import type { SessionError } from "./error.ts";
import { attempt, type Scope } from "./scope.ts";

/** The readable cookie that carries the token, and the header that proves this page could read it. */
export interface CsrfNames {
  readonly cookie: string;
  readonly header: string;
}

/** The names that axios, Angular and Laravel agree on: `csrf: XSRF_NAMES` makes them work together untouched. */
export const XSRF_NAMES: CsrfNames = { cookie: "XSRF-TOKEN", header: "X-XSRF-TOKEN" };

/** The page's copy of the CSRF token. */
export interface Csrf {
  readonly header: string;
  readonly $token: ReadableAtom<string | null>;
  /** Takes the cookie's token over. False: no cookie to read. */
  synchronize(): boolean;
  /** Takes over what the server sent. False: it sent nothing. */
  update(token: string | null | undefined): boolean;
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
    header,
    $token,
    update,
    synchronize: () =>
      update(
        attempt(() => {
          const pair = scope.document?.cookie.split("; ").find((text) => text.startsWith(`${cookie}=`));
          // Laravel percent-encodes it; base64url has nothing to decode.
          return pair && decodeURIComponent(pair.slice(cookie.length + 1));
        }),
      ),
    listen: (listener) => $error.listen((error) => error && listener(error)),
    fail: $error.set,
  };
}
