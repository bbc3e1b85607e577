import type { Csrf } from "./csrf.ts";
import { SessionError, type SessionErrorCode } from "./error.ts";
import type { Meter } from "./metrics.ts";
import { attempt, type Scope } from "./scope.ts";

const SAFE_METHOD = /^(GET|HEAD|OPTIONS)$/;

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
 * Sends a request. With `protect` (default: true) a change to a trusted origin carries the CSRF token; if the server
 * rejects the token, the request is repeated once with a newer one.
 */
export type Send = <Data>(request: Request, protect?: boolean) => Promise<Sent<Data>>;

interface SenderDependencies {
  /** URL of the session endpoints; its origin is trusted. */
  readonly baseUrl: string;
  /** Further trusted origins. */
  readonly allowOrigins: readonly string[];
  readonly scope: Scope;
  readonly csrf: Csrf;
  readonly meter: Meter;
  readonly transport: (request: Request) => Promise<Response>;
  /** Gets a token from the server; false if it sent none. */
  readonly requestToken: () => Promise<boolean>;
}

export function createSender(deps: SenderDependencies): Send {
  const { baseUrl, allowOrigins, scope, csrf, meter, transport, requestToken } = deps;
  const { header, $token, synchronize, update, fail } = csrf;
  const ownOrigin = scope.location?.origin;
  /** The origins that receive the token and the cookies. */
  const trustedOrigins = new Set([
    ownOrigin,
    attempt(() => new URL(baseUrl, ownOrigin).origin),
    ...allowOrigins,
  ]);

  return async function send<Data>(request: Request, protect = true, retry = true) {
    const { origin } = new URL(request.url);
    const trusted = trustedOrigins.has(origin);
    const guarded = protect && trusted && !SAFE_METHOD.test(request.method);
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
    if (trusted && (response.url || request.url).startsWith(`${origin}/`)) {
      update(response.headers.get(header));
      if (response.headers.get("content-type")?.includes("json"))
        body = await response
          .clone()
          .json()
          .catch(() => {});
      update(body?.data?.csrf_token);
    }

    // The server checks the token before it runs the handler, so repeating the request is safe.
    const code = body?.error?.code;
    if (guarded && code?.startsWith("CSRF_")) {
      if (retry) {
        meter.counts.csrfRecoveries++;
        synchronize();
        // Another request or tab may have received a newer token; then there is no need to request one.
        if ($token.get() !== token || (await requestToken())) return send(request, protect, false);
      }
      fail(new SessionError(code, response.status));
    }
    return { response, body };
  };
}
