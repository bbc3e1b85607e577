import { awaitArrival, type ClientClock } from "./clock.ts";
import type { Csrf } from "./csrf.ts";
import type { Debug } from "./debug.ts";
import { SessionError, type SessionErrorCode } from "./error.ts";
import type { Meter } from "./metrics.ts";
import { attempt, type Scope } from "./scope.ts";

/** The fields that the client reads of a JSON response. The application's own routes may send another shape. */
interface ResponseBody<Data> {
  readonly success?: boolean;
  readonly data: Data & { readonly csrf_token?: string };
  readonly error?: { readonly code?: SessionErrorCode; readonly message?: string } | null;
}

/** A response, and its body if that is JSON from a trusted origin. */
export interface Sent<Data> {
  readonly response: Response;
  readonly body: ResponseBody<Data> | undefined;
}

/**
 * Sends a request, and with `retry` (default: true) repeats it once if that is safe. With `protect` (default: true) a change to
 * a trusted origin carries the CSRF token; if the server rejects the token, the request is repeated with a newer one. If
 * another response has replaced the cookie, a request with a safe method is repeated with the newer cookie, and with
 * `repeatable` (default: false) any request.
 */
export type Send = <Data>(
  request: Request,
  protect?: boolean,
  retry?: boolean,
  repeatable?: boolean,
) => Promise<Sent<Data>>;

interface SenderDependencies {
  /** URL of the session endpoints. Requests to its origin may carry the CSRF token. */
  readonly baseUrl: string;
  /** Other origins whose requests may carry the CSRF token. */
  readonly allowOrigins: readonly string[];
  readonly scope: Scope;
  readonly clock: ClientClock;
  readonly csrf: Csrf;
  readonly debug: Debug;
  readonly meter: Meter;
  readonly transport: (request: Request) => Promise<Response>;
  /** Gets a token from the server; false if it sent none. */
  readonly requestToken: () => Promise<boolean>;
}

export function createSender(deps: SenderDependencies): Send {
  const { baseUrl, allowOrigins, scope, clock, csrf, debug, meter, transport, requestToken } = deps;
  const { header, $token, synchronize, update, fail } = csrf;
  const ownOrigin = scope.location?.origin;
  /** The origins that receive the token and the cookies. */
  const trustedOrigins = new Set([
    ownOrigin,
    attempt(() => new URL(baseUrl, ownOrigin).origin),
    ...allowOrigins,
  ]);

  return async function send<Data>(request: Request, protect = true, retry = true, repeatable = false) {
    const { origin } = new URL(request.url);
    const trusted = trustedOrigins.has(origin);
    const isSafe = /^(GET|HEAD|OPTIONS)$/.test(request.method);
    const guarded = protect && trusted && !isSafe;
    if (guarded) synchronize();
    const token = guarded && $token.get();
    // A redirect forwards custom headers, also to another origin. In mode `same-origin` such a redirect fails before
    // anything is sent; a cross-origin request that carries a token follows no redirect at all.
    const outgoing = new Request(request.clone(), {
      ...(trusted && { credentials: "include" }),
      ...(token && (origin === ownOrigin ? { mode: "same-origin" } : { redirect: "error" })),
    });
    if (token) outgoing.headers.set(header, token);

    const response = await transport(outgoing);
    let body: ResponseBody<Data> | undefined;
    const source = new URL(response.url || request.url).origin;
    if (trusted && source === origin) {
      update(response.headers.get(header), "header");
      if (response.headers.get("content-type")?.includes("json"))
        body = await response
          .clone()
          .json()
          .catch(() => {});
      update(body?.data?.csrf_token, "body");
    } else debug("origin-refused", source);

    const code = body?.error?.code;
    if (code) {
      debug("refused", code);
      const isRejected = guarded && /^CSRF_/.test(code);
      let mayRepeat = retry && (repeatable || isSafe) && code === "CONFLICT";
      if (mayRepeat) await awaitArrival(clock);
      if (retry && isRejected) {
        // The server checks the token before it runs the handler, so repeating the request is safe.
        meter.counts.csrfRecoveries++;
        synchronize();
        // Another request or tab may have received a newer token; then there is no need to request one.
        mayRepeat = $token.get() !== token || (await requestToken());
      }
      if (mayRepeat) {
        debug("retry", code);
        return send(request, protect, false);
      }
      if (isRejected) fail(new SessionError(code, response.status));
    }
    return { response, body };
  };
}
