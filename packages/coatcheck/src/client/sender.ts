import type { Csrf } from "./csrf.ts";
import { SessionError, type SessionErrorCode } from "./error.ts";
import type { Meter } from "./metrics.ts";

const SAFE_METHOD = /^(GET|HEAD|OPTIONS)$/;

/** What a JSON answer may say; the application's own routes may answer in another shape. */
interface Told<Data> {
  readonly success?: boolean;
  readonly data: Data & { readonly csrf_token?: string };
  readonly error?: { readonly code?: SessionErrorCode; readonly message?: string } | null;
}

/** An answer, and what it says, if it is JSON of a trusted origin. */
export interface Delivery<Data> {
  readonly response: Response;
  readonly told: Told<Data> | undefined;
}

/** Sends a request; `guard` (true unless told otherwise) adds the CSRF token and one recovery, where it may have them. */
export type Send = <Data>(request: Request, guard?: boolean) => Promise<Delivery<Data>>;

/** `origins` are those that get the token, `own` the one of the page. `init` gets a token from the server. */
export function createSender(
  { $token, header, synchronize, update, fail }: Csrf,
  { counts }: Meter,
  own: string | undefined,
  origins: ReadonlySet<string | undefined>,
  transport: (request: Request) => Promise<Response>,
  init: () => Promise<boolean>,
): Send {
  return async function send<Data>(request: Request, guard = true, recovery = true) {
    const { origin } = new URL(request.url);
    const trusted = origins.has(origin);
    const guarded = guard && trusted && !SAFE_METHOD.test(request.method);
    if (guarded) synchronize();
    const token = guarded && $token.get();
    // A redirect takes custom headers along, to another origin too. `same-origin` fails before that is asked; where
    // the request itself crosses origins, none that carries a token is followed.
    const sealed = new Request(request.clone(), {
      ...(trusted && { credentials: "include" }),
      ...(token && (origin === own ? { mode: "same-origin" } : { redirect: "error" })),
    });
    if (token) sealed.headers.set(header, token);

    const response = await transport(sealed);
    let told: Told<Data> | undefined;
    if (trusted && (response.url || request.url).startsWith(`${origin}/`)) {
      update(response.headers.get(header));
      if (response.headers.get("content-type")?.includes("json"))
        told = await response
          .clone()
          .json()
          .catch(() => {});
      update(told?.data?.csrf_token);
    }

    // The server rejects a token before it does anything else: a retry is safe, and made once.
    const code = told?.error?.code;
    if (guarded && code?.startsWith("CSRF_")) {
      if (recovery) {
        counts.csrfRecoveries++;
        synchronize();
        // Another request, tab or answer may have brought a newer token since: then there is nothing to ask for.
        if ($token.get() !== token || (await init())) return send(request, guard, false);
      }
      fail(new SessionError(code, response.status));
    }
    return { response, told };
  };
}
