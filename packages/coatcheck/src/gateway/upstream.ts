import { CoatcheckError } from "../session/errors.ts";
import { KeyRing } from "../session/key-ring.ts";
import { currentToken, extractToken, findRenewedToken, isTokenRefused } from "./csrf.ts";
import { upstreamTimeoutError, upstreamUnavailableError } from "./errors.ts";
import { type Exchange, Exchanger } from "./exchange.ts";
import { Jar, type StoredCookie } from "./jar.ts";
import { type ResolvedUpstreamOptions, resolveUpstreamOptions, type UpstreamOptions } from "./options.ts";
import { SessionQueue } from "./queue.ts";
import { isSafe, type SafeMethod, toWireRequest, type UpstreamRequest } from "./request.ts";
import type { UpstreamResponse } from "./response.ts";
import {
  isLoggedOut,
  reportSessionLoss,
  type UpstreamSessionLoss,
  upstreamSessionLostError,
} from "./session-loss.ts";
import {
  type CredentialChanges,
  type UpstreamCredentials,
  UpstreamSession,
  type UpstreamState,
} from "./state.ts";

/**
 * Maximum number of attempts to fetch and store a CSRF token for one request. An attempt fails if another request has
 * stored a token or a cookie first.
 */
const MAX_TOKEN_ATTEMPTS = 5;

/**
 * Client for an upstream backend. It sends requests on behalf of many sessions, each with its own cookies and CSRF
 * token at the upstream.
 *
 * @example
 * const shop = createUpstream({
 *   baseUrl: "http://127.0.0.1:3002",
 *   csrf: { path: "/csrf", source: { json: "csrfToken" }, sendAs: { header: "X-CSRF-Token" } },
 *   secrets: [process.env.GATEWAY_SECRET],
 * });
 * const response = await shop.request(state, { method: "POST", path: "/cart/tacos", body: { json: taco } });
 */
export interface Upstream {
  /**
   * Sends a request on behalf of a session.
   *
   * - Requests of one session run one at a time. The first one fetches a CSRF token and, with it, the cookies.
   * - When the upstream refuses the token of an unsafe request (`csrf.staleToken`), it has not carried out the request.
   *   The gateway then takes the token of the response, or fetches a new one, and repeats the request, once.
   * - Redirects within the origin are followed, unless `redirect` is `manual`.
   * - Cookies are stored before the response is returned.
   *
   * @returns every response with a status from 200 to 499.
   * @throws CoatcheckError `UPSTREAM_UNAVAILABLE` or `UPSTREAM_TIMEOUT`: the upstream may have carried out an unsafe
   *   request, or not. `UPSTREAM_SESSION_LOST`: the upstream has forgotten the session; the next request starts a new
   *   one. `VALIDATION_FAILED`: the request is invalid and was not sent. `CONFLICT`: too many concurrent updates of the
   *   session. Errors of `state` pass through.
   * @throws UsageError when `csrf.staleToken` or `session.isLoggedOut` throws or returns no boolean. The request was
   *   sent.
   */
  request(state: UpstreamState, request: UpstreamRequest): Promise<UpstreamResponse>;
  /**
   * Sends a safe request without a session, for example for a public list. The request has no cookie and no token, and
   * does not wait for other requests.
   *
   * @throws CoatcheckError `UPSTREAM_UNAVAILABLE`, `UPSTREAM_TIMEOUT`, `VALIDATION_FAILED`.
   */
  requestWithoutSession(
    request: UpstreamRequest & { readonly method: SafeMethod },
  ): Promise<UpstreamResponse>;
  /** Closes all connections. Requests in flight fail with `UPSTREAM_UNAVAILABLE`. */
  close(): Promise<void>;
}

/**
 * Creates a client for one upstream backend.
 *
 * @throws UsageError for an unknown option; CoatcheckError `VALIDATION_FAILED` with a fault for each invalid option.
 */
export function createUpstream(options: UpstreamOptions): Upstream {
  return new Gateway(resolveUpstreamOptions(options));
}

class Gateway implements Upstream {
  readonly #options: ResolvedUpstreamOptions;
  readonly #ring: KeyRing;
  readonly #exchanger: Exchanger;
  readonly #queue = new SessionQueue();

  constructor(options: ResolvedUpstreamOptions) {
    this.#options = options;
    this.#ring = new KeyRing(options.secrets, {
      input: "gateway secrets",
      purpose: "coatcheck gateway state",
    });
    this.#exchanger = new Exchanger(options);
  }

  async request(state: UpstreamState, request: UpstreamRequest): Promise<UpstreamResponse> {
    const signal = AbortSignal.timeout(this.#options.timeout);
    try {
      return await this.#queue.run(state.sessionId, signal, () => this.#runRequest(state, request, signal));
    } catch (error) {
      throw error === signal.reason ? upstreamTimeoutError(this.#options.timeout, error) : error;
    }
  }

  async requestWithoutSession(
    request: UpstreamRequest & { readonly method: SafeMethod },
  ): Promise<UpstreamResponse> {
    const outgoing = toWireRequest(request, this.#options, null);
    const signal = AbortSignal.timeout(this.#options.timeout);
    const { response } = await this.#exchanger.run(outgoing, new Jar([]), signal, request.redirect);
    return requireNoServerError(response);
  }

  async close(): Promise<void> {
    await this.#exchanger.close();
  }

  async #runRequest(
    state: UpstreamState,
    request: UpstreamRequest,
    signal: AbortSignal,
  ): Promise<UpstreamResponse> {
    const session = new UpstreamSession(state, this.#ring);
    await session.read();
    await this.#ensureToken(session, null, signal);
    const token = this.#currentToken(session);
    const first = await this.#send(session, request, signal);
    if (token === null || !first.isTokenRefused) return requireNoServerError(first.response);
    await session.read();
    await this.#ensureToken(session, token, signal);
    // With the same token, the upstream would send the same response.
    if (this.#currentToken(session) === token) return requireNoServerError(first.response);
    const second = await this.#send(session, request, signal);
    return requireNoServerError(second.response);
  }

  /**
   * Sends the request with the session's current credentials, and stores the cookies and the token that it receives.
   * Cookies of a redirect are stored even if the request to its target fails, because the upstream has already carried
   * out the first request.
   */
  async #send(
    session: UpstreamSession,
    request: UpstreamRequest,
    signal: AbortSignal,
  ): Promise<{ readonly response: UpstreamResponse; readonly isTokenRefused: boolean }> {
    const { csrf } = this.#options;
    const value = isSafe(request.method) ? null : this.#currentToken(session);
    const token = csrf && value !== null ? { value, sendAs: csrf.sendAs } : null;
    const sent = session.credentials;
    const jar = new Jar(sent.cookies);
    const outgoing = toWireRequest(request, this.#options, token);
    let exchange: Exchange | null = null;
    try {
      exchange = await this.#exchanger.run(outgoing, jar, signal, request.redirect);
    } finally {
      const cookies = { cookiesBefore: sent.cookies, cookiesAfter: jar.cookies() };
      await session.save(exchange ? this.#changesOf(exchange, request, sent, cookies) : cookies);
    }
    const { response, method } = exchange;
    // If the upstream refuses the GET after a redirect, it has already carried out the original request; do not repeat
    // it.
    const stale = csrf !== null && value !== null && !isSafe(method) && isTokenRefused(csrf, response);
    await this.#requireSession(session, sent, jar, { request, response, isTokenRefused: stale });
    return { response, isTokenRefused: stale };
  }

  /**
   * Ensures that the session has a CSRF token other than the rejected one. When several nodes fetch a token at the same
   * time, all use the token and cookies that are stored first, so that one session never has two carts. A fetched token
   * may still equal the rejected token, because an upstream may keep its token.
   */
  async #ensureToken(session: UpstreamSession, rejected: string | null, signal: AbortSignal): Promise<void> {
    const { csrf } = this.#options;
    if (!csrf) return;
    const request: UpstreamRequest = { method: "GET", path: csrf.path };
    for (let attempt = 0; attempt < MAX_TOKEN_ATTEMPTS; attempt++) {
      const current = this.#currentToken(session);
      if (current !== null && current !== rejected) return;
      const sent = session.credentials;
      const jar = new Jar(sent.cookies);
      const { response, url } = await this.#exchanger.run(
        toWireRequest(request, this.#options, null),
        jar,
        signal,
      );
      const token = extractToken(csrf.source, requireNoServerError(response), jar, url);
      const cookies = jar.cookies();
      if (await session.replace({ ...sent, ...this.#startOf(sent, cookies), token, cookies })) {
        // Pass no response, because the token page may be the login page, so only the cookie can show that the session
        // is lost.
        return await this.#requireSession(session, sent, jar, {
          request,
          response: null,
          isTokenRefused: false,
        });
      }
    }
    throw new CoatcheckError(
      "CONFLICT",
      "Too many concurrent requests have changed this session's state; try again.",
    );
  }

  #currentToken(session: UpstreamSession): string | null {
    const { csrf, publicOrigin, baseUrl } = this.#options;
    return csrf && currentToken(csrf.source, session.credentials, new URL(publicOrigin + baseUrl.pathname));
  }

  #changesOf(
    { response }: Exchange,
    { method, session }: UpstreamRequest,
    sent: UpstreamCredentials,
    cookies: Pick<CredentialChanges, "cookiesBefore" | "cookiesAfter">,
  ): CredentialChanges {
    const { csrf, clock, session: options } = this.#options;
    const renewed = csrf && findRenewedToken(csrf, method, response);
    const token = renewed ? { token: { before: sent.token, after: renewed } } : {};
    const start = this.#startOf(sent, cookies.cookiesAfter);
    if (session === "begins" && response.status < 400 && !isLoggedOut(options, response)) {
      return { ...cookies, ...token, times: { ...start, loggedInAt: clock.now() } };
    }
    if (session === "ends") return { ...cookies, ...token, times: { ...start, loggedInAt: null } };
    return { ...cookies, ...token, ...(start.startedAt === undefined ? {} : { times: start }) };
  }

  #startOf(
    { startedAt }: UpstreamCredentials,
    cookies: readonly StoredCookie[],
  ): { readonly startedAt?: number } {
    return startedAt === undefined && cookies.length > 0 ? { startedAt: this.#options.clock.now() } : {};
  }

  /**
   * Throws if the response shows that the upstream has forgotten the session. Before it throws, it calls
   * `onSessionLost`, and stores that the session is logged out at the upstream, so that the same loss is not reported
   * twice.
   *
   * @throws CoatcheckError `UPSTREAM_SESSION_LOST`
   */
  async #requireSession(
    session: UpstreamSession,
    sent: UpstreamCredentials,
    jar: Jar,
    { request, response, isTokenRefused: stale }: RequestOutcome,
  ): Promise<void> {
    const { session: options, onSessionLost, clock } = this.#options;
    if (!options || request.session) return;
    const canRevealByCookie = isSafe(request.method) || stale;
    const reason =
      canRevealByCookie && this.#isCookieReplaced(options.cookie, sent, jar)
        ? "cookie"
        : sent.loggedInAt !== undefined && response && isLoggedOut(options, response)
          ? "logged-out"
          : null;
    if (reason === null) return;
    const { cookies } = session.credentials;
    await session.save({
      cookiesBefore: cookies,
      cookiesAfter: cookies,
      times: { startedAt: cookies.length > 0 ? clock.now() : null, loggedInAt: null },
    });
    const loss: UpstreamSessionLoss = {
      sessionId: session.id,
      reason,
      method: request.method,
      path: request.path,
      cookies: sent.cookies.map(({ key }) => key),
      startedAt: sent.startedAt ?? null,
      loggedInAt: sent.loggedInAt ?? null,
    };
    reportSessionLoss(onSessionLost, loss);
    throw upstreamSessionLostError(loss);
  }

  /** Whether the response replaced or deleted the cookie `name` that the request was sent with. */
  #isCookieReplaced(name: string | undefined, sent: UpstreamCredentials, jar: Jar): boolean {
    if (name === undefined) return false;
    const url = new URL(this.#options.publicOrigin + this.#options.baseUrl.pathname);
    const before = new Jar(sent.cookies).cookieValue(name, url);
    return before !== null && jar.cookieValue(name, url) !== before;
  }
}

/** A request, its credentials and its response. `response` is null if it must not be passed to `isLoggedOut`. */
interface RequestOutcome {
  readonly request: UpstreamRequest;
  readonly response: UpstreamResponse | null;
  readonly isTokenRefused: boolean;
}

/**
 * Throws for a server error. The body may contain internal details of the upstream, so the caller never receives it.
 *
 * @throws CoatcheckError `UPSTREAM_UNAVAILABLE` for a status of 500 or above.
 */
function requireNoServerError(response: UpstreamResponse): UpstreamResponse {
  if (response.status < 500) return response;
  throw upstreamUnavailableError(`failed with status ${response.status}`);
}
