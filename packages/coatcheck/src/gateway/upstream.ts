import { CoatcheckError } from "../session/errors.ts";
import { answerOf, type UpstreamAnswer } from "./answer.ts";
import { heldToken, takenToken } from "./csrf.ts";
import { upstreamTimeout, upstreamUnavailable } from "./errors.ts";
import { Guard } from "./guard.ts";
import { Jar } from "./jar.ts";
import { KeyRing } from "./keys.ts";
import { type ResolvedOptions, resolveOptions, type UpstreamOptions } from "./options.ts";
import { SessionQueue } from "./queue.ts";
import { isSafe, outgoingOf, type SafeMethod, type UpstreamRequest } from "./request.ts";
import { Account, type UpstreamState } from "./state.ts";
import { type Outgoing, Transport } from "./transport.ts";

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
   * - When the upstream rejects an unsafe request with 403, it has not carried the request out. The gateway then
   *   fetches a new token and repeats the request, once.
   * - Redirects within the origin are followed.
   * - Cookies are stored before the response is returned.
   *
   * @returns every response with a status from 200 to 499.
   * @throws CoatcheckError `UPSTREAM_UNAVAILABLE` or `UPSTREAM_TIMEOUT`: the upstream may have carried out an unsafe
   *   request, or not. `VALIDATION_FAILED`: the request is invalid and was not sent. `CONFLICT`: too many concurrent
   *   updates of the session. Errors of `state` pass through.
   */
  request(state: UpstreamState, request: UpstreamRequest): Promise<UpstreamAnswer>;
  /**
   * Sends a safe request that belongs to no session, such as one for a public list. It carries no cookie and no token,
   * and does not wait for other requests.
   *
   * @throws CoatcheckError `UPSTREAM_UNAVAILABLE`, `UPSTREAM_TIMEOUT`, `VALIDATION_FAILED`.
   */
  ask(request: UpstreamRequest & { readonly method: SafeMethod }): Promise<UpstreamAnswer>;
  /** Closes all connections. Requests in flight fail with `UPSTREAM_UNAVAILABLE`. */
  close(): Promise<void>;
}

/**
 * Creates a client for one upstream backend.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` with a fault for each invalid option.
 */
export function createUpstream(options: UpstreamOptions): Upstream {
  return new Gateway(resolveOptions(options));
}

/** A response, with the method and URL of the last request after all redirects. */
interface Exchange {
  readonly response: UpstreamAnswer;
  readonly method: string;
  readonly url: URL;
}

class Gateway implements Upstream {
  readonly #options: ResolvedOptions;
  readonly #ring: KeyRing;
  readonly #transport: Transport;
  readonly #guard: Guard;
  readonly #queue = new SessionQueue();

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#ring = new KeyRing(options.secrets);
    this.#transport = new Transport(options);
    this.#guard = new Guard(options);
  }

  async request(state: UpstreamState, request: UpstreamRequest): Promise<UpstreamAnswer> {
    const signal = AbortSignal.timeout(this.#options.timeout);
    try {
      return await this.#queue.run(state.sessionId, signal, () => this.#runRequest(state, request, signal));
    } catch (error) {
      throw error === signal.reason ? upstreamTimeout(this.#options.timeout, error) : error;
    }
  }

  async ask(request: UpstreamRequest & { readonly method: SafeMethod }): Promise<UpstreamAnswer> {
    const outgoing = outgoingOf(request, this.#options.baseUrl, null);
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
  ): Promise<UpstreamAnswer> {
    const account = new Account(state, this.#ring);
    await account.read();
    await this.#ensureToken(account, null, signal);
    const token = this.#token(account);
    const { response: first, method } = await this.#send(account, request, signal);
    // A 403 for the GET after a redirect means that the original request was carried out already; do not repeat it.
    if (first.status !== 403 || token === null || isSafe(method)) return requireUsable(first);
    await account.read();
    await this.#ensureToken(account, token, signal);
    const { response: second } = await this.#send(account, request, signal);
    return requireUsable(second);
  }

  /**
   * Sends the request with the session's current credentials, and stores the cookies that it receives. Cookies of a
   * redirect are stored even if the redirect target fails, because the redirecting request was carried out.
   */
  async #send(account: Account, request: UpstreamRequest, signal: AbortSignal): Promise<Exchange> {
    const { csrf, baseUrl } = this.#options;
    const value = isSafe(request.method) ? null : this.#token(account);
    const token = csrf && value !== null ? { value, sendAs: csrf.sendAs } : null;
    const { cookies } = account.standing;
    const jar = new Jar(cookies);
    try {
      return await this.#exchange(outgoingOf(request, baseUrl, token), jar, signal);
    } finally {
      await account.record(cookies, jar.cookies());
    }
  }

  /**
   * Ensures that the session has a CSRF token other than the rejected one. When several nodes fetch one at the same
   * time, the first to store its token and cookies wins and the others use these, so that one session never has two
   * carts.
   */
  async #ensureToken(account: Account, rejected: string | null, signal: AbortSignal): Promise<void> {
    const { csrf, baseUrl } = this.#options;
    if (!csrf) return;
    for (let attempt = 0; attempt < MAX_TOKEN_ATTEMPTS; attempt++) {
      const current = this.#token(account);
      if (current !== null && current !== rejected) return;
      const outgoing = outgoingOf({ method: "GET", path: csrf.path }, baseUrl, null);
      const jar = new Jar(account.standing.cookies);
      const { response, url } = await this.#exchange(outgoing, jar, signal);
      const token = takenToken(csrf.source, requireUsable(response), jar, url);
      if (await account.replace({ token, cookies: jar.cookies() })) return;
    }
    throw new CoatcheckError("CONFLICT", "Too many concurrent updates of this session; retry.");
  }

  #token(account: Account): string | null {
    const { csrf, baseUrl } = this.#options;
    return csrf && heldToken(csrf.source, account.standing, baseUrl);
  }

  async #exchange(first: Outgoing, jar: Jar, signal: AbortSignal): Promise<Exchange> {
    const { origin } = this.#options.baseUrl;
    let outgoing = first;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const url = new URL(origin + outgoing.path);
      const cookie = jar.header(url);
      const request = cookie ? { ...outgoing, headers: { ...outgoing.headers, cookie } } : outgoing;
      const { status, headers, body } = await this.#guard.run(isSafe(request.method), signal, () =>
        this.#transport.send(request, signal),
      );
      jar.take([headers["set-cookie"] ?? []].flat(), url);
      if (![301, 302, 303, 307, 308].includes(status)) {
        return { response: answerOf(status, headers, body), method: request.method, url };
      }
      outgoing = redirected(outgoing, status, targetOf(headers.location, url));
    }
    throw upstreamUnavailable(`redirected more than ${MAX_REDIRECTS} times`);
  }
}

/** RFC 9110 §15.4: 307 and 308 keep the method. After 301, 302 and 303 continue with GET, as browsers do. */
function redirected(outgoing: Outgoing, status: number, target: URL): Outgoing {
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
function requireUsable(response: UpstreamAnswer): UpstreamAnswer {
  if (response.status < 500) return response;
  throw upstreamUnavailable(`failed with status ${response.status}`);
}
