import { CoatcheckError } from "../session/errors.ts";
import { KeyRing } from "../session/key-ring.ts";
import { currentToken, extractToken } from "./csrf.ts";
import { upstreamTimeout, upstreamUnavailable } from "./errors.ts";
import { Jar } from "./jar.ts";
import { type ResolvedUpstreamOptions, resolveOptions, type UpstreamOptions } from "./options.ts";
import { SessionQueue } from "./queue.ts";
import { isSafe, type SafeMethod, toWireRequest, type UpstreamRequest } from "./request.ts";
import { toUpstreamResponse, type UpstreamResponse } from "./response.ts";
import { UpstreamSession, type UpstreamState } from "./state.ts";
import { Transport, type WireRequest } from "./transport.ts";
import { UpstreamRetry } from "./upstream-retry.ts";

/** Browsers allow 20. More than a few redirects in a row indicate a redirect loop. */
const MAX_REDIRECTS = 5;
/** Each failed attempt means that another request stored a token or a cookie first. Give up after this many. */
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
   * - When the upstream rejects an unsafe request with 403, it has not carried out the request. The gateway then
   *   fetches a new token and repeats the request, once.
   * - Redirects within the origin are followed.
   * - Cookies are stored before the response is returned.
   *
   * @returns every response with a status from 200 to 499.
   * @throws CoatcheckError `UPSTREAM_UNAVAILABLE` or `UPSTREAM_TIMEOUT`: the upstream may have carried out an unsafe
   *   request, or not. `VALIDATION_FAILED`: the request is invalid and was not sent. `CONFLICT`: too many concurrent
   *   updates of the session. Errors of `state` pass through.
   */
  request(state: UpstreamState, request: UpstreamRequest): Promise<UpstreamResponse>;
  /**
   * Sends a safe request that belongs to no session, such as one for a public list. It carries no cookie and no token,
   * and does not wait for other requests.
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
  return new Gateway(resolveOptions(options));
}

/** A response, with the method and URL of the last request after all redirects. */
interface Exchange {
  readonly response: UpstreamResponse;
  readonly method: string;
  readonly url: URL;
}

class Gateway implements Upstream {
  readonly #options: ResolvedUpstreamOptions;
  readonly #ring: KeyRing;
  readonly #transport: Transport;
  readonly #retry: UpstreamRetry;
  readonly #queue = new SessionQueue();

  constructor(options: ResolvedUpstreamOptions) {
    this.#options = options;
    this.#ring = new KeyRing(options.secrets, {
      input: "gateway secrets",
      purpose: "coatcheck gateway state",
    });
    this.#transport = new Transport(options);
    this.#retry = new UpstreamRetry(options);
  }

  async request(state: UpstreamState, request: UpstreamRequest): Promise<UpstreamResponse> {
    const signal = AbortSignal.timeout(this.#options.timeout);
    try {
      return await this.#queue.run(state.sessionId, signal, () => this.#runRequest(state, request, signal));
    } catch (error) {
      throw error === signal.reason ? upstreamTimeout(this.#options.timeout, error) : error;
    }
  }

  async requestWithoutSession(
    request: UpstreamRequest & { readonly method: SafeMethod },
  ): Promise<UpstreamResponse> {
    const outgoing = toWireRequest(request, this.#options.baseUrl, null);
    const { response } = await this.#exchange(
      outgoing,
      new Jar([]),
      AbortSignal.timeout(this.#options.timeout),
    );
    return requireUsable(response);
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  async #runRequest(
    state: UpstreamState,
    request: UpstreamRequest,
    signal: AbortSignal,
  ): Promise<UpstreamResponse> {
    const session = new UpstreamSession(state, this.#ring);
    await session.read();
    await this.#ensureToken(session, null, signal);
    const token = this.#token(session);
    const { response: first, method } = await this.#send(session, request, signal);
    // A 403 for the GET after a redirect means that the original request was carried out already; do not repeat it.
    if (first.status !== 403 || token === null || isSafe(method)) return requireUsable(first);
    await session.read();
    await this.#ensureToken(session, token, signal);
    const { response: second } = await this.#send(session, request, signal);
    return requireUsable(second);
  }

  /**
   * Sends the request with the session's current credentials, and stores the cookies that it receives. Cookies of a
   * redirect are stored even if the redirect target fails, because the redirecting request was carried out.
   */
  async #send(session: UpstreamSession, request: UpstreamRequest, signal: AbortSignal): Promise<Exchange> {
    const { csrf, baseUrl } = this.#options;
    const value = isSafe(request.method) ? null : this.#token(session);
    const token = csrf && value !== null ? { value, sendAs: csrf.sendAs } : null;
    const { cookies } = session.credentials;
    const jar = new Jar(cookies);
    try {
      return await this.#exchange(toWireRequest(request, baseUrl, token), jar, signal);
    } finally {
      await session.saveCookies(cookies, jar.cookies());
    }
  }

  /**
   * Ensures that the session has a CSRF token other than the rejected one. When several nodes fetch one at the same
   * time, the first to store its token and cookies wins and the others use these, so that one session never has two
   * carts.
   */
  async #ensureToken(session: UpstreamSession, rejected: string | null, signal: AbortSignal): Promise<void> {
    const { csrf, baseUrl } = this.#options;
    if (!csrf) return;
    for (let attempt = 0; attempt < MAX_TOKEN_ATTEMPTS; attempt++) {
      const current = this.#token(session);
      if (current !== null && current !== rejected) return;
      const outgoing = toWireRequest({ method: "GET", path: csrf.path }, baseUrl, null);
      const jar = new Jar(session.credentials.cookies);
      const { response, url } = await this.#exchange(outgoing, jar, signal);
      const token = extractToken(csrf.source, requireUsable(response), jar, url);
      if (await session.replace({ token, cookies: jar.cookies() })) return;
    }
    throw new CoatcheckError("CONFLICT", "Too many concurrent updates of this session; retry.");
  }

  #token(session: UpstreamSession): string | null {
    const { csrf, baseUrl } = this.#options;
    return csrf && currentToken(csrf.source, session.credentials, baseUrl);
  }

  async #exchange(first: WireRequest, jar: Jar, signal: AbortSignal): Promise<Exchange> {
    const { origin } = this.#options.baseUrl;
    let outgoing = first;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const url = new URL(origin + outgoing.path);
      const cookie = jar.header(url);
      const request = cookie ? { ...outgoing, headers: { ...outgoing.headers, cookie } } : outgoing;
      const { status, headers, body } = await this.#retry.run(isSafe(request.method), signal, () =>
        this.#transport.send(request, signal),
      );
      jar.setFromHeaders([headers["set-cookie"] ?? []].flat(), url);
      if (![301, 302, 303, 307, 308].includes(status)) {
        return { response: toUpstreamResponse(status, headers, body), method: request.method, url };
      }
      outgoing = followRedirect(outgoing, status, targetOf(headers.location, url));
    }
    throw upstreamUnavailable(`redirected more than ${MAX_REDIRECTS} times`);
  }
}

/** RFC 9110 §15.4: 307 and 308 keep the method. After 301, 302 and 303 continue with GET, as browsers do. */
function followRedirect(outgoing: WireRequest, status: number, target: URL): WireRequest {
  const path = target.pathname + target.search;
  if (status === 307 || status === 308 || isSafe(outgoing.method)) return { ...outgoing, path };
  const { "content-type": _dropped, ...headers } = outgoing.headers;
  return { method: "GET", path, headers, body: null };
}

function targetOf(location: string | string[] | undefined, from: URL): URL {
  const target = typeof location === "string" ? URL.parse(location, from.href) : null;
  if (!target) throw upstreamUnavailable("redirected without a valid Location header");
  if (target.origin !== from.origin)
    throw upstreamUnavailable("redirected to another origin, which the gateway never contacts");
  return target;
}

/**
 * Rejects server errors. Their bodies may contain internal details of the upstream, so none of it reaches the caller.
 *
 * @throws CoatcheckError `UPSTREAM_UNAVAILABLE` for a status of 500 or above.
 */
function requireUsable(response: UpstreamResponse): UpstreamResponse {
  if (response.status < 500) return response;
  throw upstreamUnavailable(`failed with status ${response.status}`);
}
