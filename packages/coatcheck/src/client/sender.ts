import { awaitArrival, type ClientClock } from "./clock.ts";
import type { CsrfTokenCache } from "./csrf.ts";
import type { Debug } from "./debug.ts";
import { SessionError, type SessionErrorCode } from "./error.ts";
import type { Meter } from "./metrics.ts";
import type { SessionClientOptions } from "./options.ts";
import { attempt, type Scope } from "./scope.ts";

/**
 * The fields that the client reads from a JSON response, if they are present. The application's own routes may send any
 * JSON.
 */
interface ResponseBody<Data> {
  readonly success?: boolean;
  readonly data: Data & { readonly csrf_token?: string };
  readonly error?: { readonly code?: SessionErrorCode; readonly message?: string } | null;
}

/** A response and its parsed body. The body is undefined unless it is JSON from a trusted origin. */
export interface SentResponse<Data> {
  readonly response: Response;
  readonly body: ResponseBody<Data> | undefined;
}

/**
 * Sends a request. With `retry` (default: true), repeats the request once where that is safe. With `protect` (default:
 * true), an unsafe request to a trusted origin carries the CSRF token. If the server rejects the token, the request is
 * repeated with a newer token. If another response has replaced the session cookie, a request with a safe method is
 * repeated with the newer cookie. With `repeatable` (default: false), requests with other methods are repeated too.
 */
export type SendRequest = <Data>(
  request: Request,
  protect?: boolean,
  retry?: boolean,
  repeatable?: boolean,
) => Promise<SentResponse<Data>>;

interface SenderDependencies extends Pick<SessionClientOptions, "allowOrigins" | "transport"> {
  /** URL of the session endpoints. Requests to its origin may carry the CSRF token. */
  readonly baseUrl: string;
  readonly scope: Scope;
  readonly clock: ClientClock;
  readonly csrf: CsrfTokenCache;
  readonly debug: Debug;
  readonly meter: Meter;
  /** Requests a CSRF token from the server. Resolves to false if the server sent none. */
  readonly initSession: () => Promise<boolean>;
}

export function createSender(deps: SenderDependencies): SendRequest {
  const {
    baseUrl,
    allowOrigins = [],
    scope,
    clock,
    csrf,
    debug,
    meter,
    transport = (request) => fetch(request),
    initSession,
  } = deps;
  const { header, $token } = csrf;
  const ownOrigin = scope.location?.origin;
  /** The origins that receive the CSRF token and the cookies. */
  const trustedOrigins = new Set([
    ownOrigin,
    attempt(() => new URL(baseUrl, ownOrigin).origin),
    ...allowOrigins,
  ]);

  return async function send<Data>(request: Request, protect = true, retry = true, repeatable = false) {
    const { origin } = new URL(request.url);
    const trusted = trustedOrigins.has(origin);
    const isSafe = ["GET", "HEAD", "OPTIONS"].includes(request.method);
    const guarded = protect && trusted && !isSafe;
    if (guarded) csrf.synchronize();
    const token = guarded && $token.get();
    // A redirect would forward the token's header to another origin. In mode `same-origin`, fetch fails before it
    // follows such a redirect. A cross-origin request that carries a token follows no redirect.
    const outgoing = new Request(request.clone(), {
      ...(trusted && { credentials: "include" }),
      ...(token && (origin === ownOrigin ? { mode: "same-origin" } : { redirect: "error" })),
    });
    if (token) outgoing.headers.set(header, token);

    const response = await transport(outgoing);
    let body: ResponseBody<Data> | undefined;
    const source = new URL(response.url || request.url).origin;
    if (trusted && source === origin) {
      csrf.update(response.headers.get(header), "header");
      if (response.headers.get("content-type")?.includes("json"))
        body = await response
          .clone()
          .json()
          .catch(() => {});
      csrf.update(body?.data?.csrf_token, "body");
    } else debug("origin-refused", source);

    const code = body?.error?.code;
    if (code) {
      debug("refused", code);
      const isRejected = guarded && code.startsWith("CSRF_");
      let mayRepeat = retry && (repeatable || isSafe) && code === "CONFLICT";
      if (mayRepeat) await awaitArrival(clock);
      if (retry && isRejected) {
        // The server checks the token before it runs the handler, so repeating the request is safe.
        meter.counts.csrfRecoveries++;
        csrf.synchronize();
        // Request a token only if no other request or tab has received a newer token.
        mayRepeat = $token.get() !== token || (await initSession());
      }
      if (mayRepeat) {
        debug("retry", code);
        return send(request, protect, false);
      }
      if (isRejected) csrf.fail(new SessionError(code, response.status));
    }
    return { response, body };
  };
}
