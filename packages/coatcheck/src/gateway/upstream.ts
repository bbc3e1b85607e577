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

/** Browsers allow 20; an upstream that needs more than a few goes round in circles. */
const MOST_REDIRECTS = 5;
/** Each lost round means that another node has opened the account, or taken a cookie, in the meantime. */
const MOST_OPENINGS = 5;

/**
 * Somebody else's backend, asked on behalf of many sessions, each with its own cookies and CSRF token there.
 *
 * @example
 * const shop = createUpstream({
 *   baseUrl: "http://127.0.0.1:3002",
 *   csrf: { path: "/csrf", source: { json: "csrfToken" }, sendAs: { header: "X-CSRF-Token" } },
 *   secrets: [process.env.GATEWAY_SECRET],
 * });
 * const answer = await shop.request(state, { method: "POST", path: "/cart/tacos", body: { json: taco } });
 */
export interface Upstream {
  /**
   * Asks on behalf of a session. Requests of one session go one after the other; the first one opens its account (fetches
   * a token, and with it the cookies). An unsafe request that is refused with 403 gets a new token and is repeated,
   * once each: 403 means that it was not carried out. Cookies are stored before the answer is returned.
   *
   * Redirects within the origin are followed. Answers from 200 to 499 are returned, whatever they mean.
   *
   * @throws CoatcheckError `UPSTREAM_UNAVAILABLE`, `UPSTREAM_TIMEOUT`; after these, an unsafe request may have been
   *   carried out or not. `VALIDATION_FAILED` for a request that cannot be passed on; `CONFLICT` when the session's
   *   state never holds still; and what `state` throws.
   */
  request(state: UpstreamState, request: UpstreamRequest): Promise<UpstreamAnswer>;
  /** Asks for what concerns no session, a public list for example: no cookie, no token, no waiting in line. */
  ask(request: UpstreamRequest & { readonly method: SafeMethod }): Promise<UpstreamAnswer>;
  /** Ends all connections; requests under way fail with `UPSTREAM_UNAVAILABLE`. */
  close(): Promise<void>;
}

/** @throws CoatcheckError `VALIDATION_FAILED` with the path of each fault in the options. */
export function createUpstream(options: UpstreamOptions): Upstream {
  return new Gateway(resolveOptions(options));
}

/** An answer, and what was asked for it in the end, after all redirects. */
interface Exchange {
  readonly answer: UpstreamAnswer;
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
      return await this.#queue.run(state.sessionId, signal, () => this.#inTurn(state, request, signal));
    } catch (error) {
      throw error === signal.reason ? upstreamTimeout(this.#options.timeout, error) : error;
    }
  }

  async ask(request: UpstreamRequest & { readonly method: SafeMethod }): Promise<UpstreamAnswer> {
    const outgoing = outgoingOf(request, this.#options.baseUrl, null);
    const { answer } = await this.#exchange(
      outgoing,
      new Jar([]),
      AbortSignal.timeout(this.#options.timeout),
    );
    return usable(answer);
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  async #inTurn(
    state: UpstreamState,
    request: UpstreamRequest,
    signal: AbortSignal,
  ): Promise<UpstreamAnswer> {
    const account = new Account(state, this.#ring);
    await account.read();
    await this.#open(account, null, signal);
    const token = this.#token(account);
    const { answer, method } = await this.#once(account, request, signal);
    // A page that refuses itself to who was redirected there says that what led there has been carried out.
    if (answer.status !== 403 || token === null || isSafe(method)) return usable(answer);
    await account.read();
    await this.#open(account, token, signal);
    const { answer: second } = await this.#once(account, request, signal);
    return usable(second);
  }

  /**
   * Sends the request as the account stands now, and stores the cookies that come back; also those of a redirect whose
   * target then fails, because what led there has been carried out.
   */
  async #once(account: Account, request: UpstreamRequest, signal: AbortSignal): Promise<Exchange> {
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
   * Sees to it that the account has a token other than `refused`. Whoever stores first wins, on whatever node; the
   * others take theirs over and drop their own, so that one session never has two carts.
   */
  async #open(account: Account, refused: string | null, signal: AbortSignal): Promise<void> {
    const { csrf, baseUrl } = this.#options;
    if (!csrf) return;
    for (let opening = 0; opening < MOST_OPENINGS; opening++) {
      const held = this.#token(account);
      if (held !== null && held !== refused) return;
      const outgoing = outgoingOf({ method: "GET", path: csrf.path }, baseUrl, null);
      const jar = new Jar(account.standing.cookies);
      const { answer, url } = await this.#exchange(outgoing, jar, signal);
      const token = takenToken(csrf.source, usable(answer), jar, url);
      if (await account.replace({ token, cookies: jar.cookies() })) return;
    }
    throw new CoatcheckError("CONFLICT", "The session is being changed all the time; try again.");
  }

  #token(account: Account): string | null {
    const { csrf, baseUrl } = this.#options;
    return csrf && heldToken(csrf.source, account.standing, baseUrl);
  }

  async #exchange(first: Outgoing, jar: Jar, signal: AbortSignal): Promise<Exchange> {
    const { origin } = this.#options.baseUrl;
    let outgoing = first;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const url = new URL(origin + outgoing.path);
      const cookie = jar.header(url);
      const sent = cookie ? { ...outgoing, headers: { ...outgoing.headers, cookie } } : outgoing;
      const { status, headers, body } = await this.#guard.run(isSafe(sent.method), signal, () =>
        this.#transport.send(sent, signal),
      );
      jar.take([headers["set-cookie"] ?? []].flat(), url);
      if (![301, 302, 303, 307, 308].includes(status)) {
        return { answer: answerOf(status, headers, body), method: sent.method, url };
      }
      outgoing = redirected(outgoing, status, targetOf(headers.location, url));
    }
    throw upstreamUnavailable(`redirected more than ${MOST_REDIRECTS} times`);
  }
}

/** RFC 9110 §15.4: 307 and 308 keep the method; after the others a client goes on with GET, as browsers do. */
function redirected(outgoing: Outgoing, status: number, target: URL): Outgoing {
  const path = target.pathname + target.search;
  if (status === 307 || status === 308 || isSafe(outgoing.method)) return { ...outgoing, path };
  const { "content-type": _dropped, ...headers } = outgoing.headers;
  return { method: "GET", path, headers, body: null };
}

function targetOf(location: string | string[] | undefined, from: URL): URL {
  const target = typeof location === "string" ? URL.parse(location, from.href) : null;
  if (!target) throw upstreamUnavailable("redirected without saying where");
  if (target.origin !== from.origin)
    throw upstreamUnavailable("redirected to another host, which is never contacted");
  return target;
}

/** @throws CoatcheckError `UPSTREAM_UNAVAILABLE` for a server error, whose body is for nobody's eyes. */
function usable(answer: UpstreamAnswer): UpstreamAnswer {
  if (answer.status < 500) return answer;
  throw upstreamUnavailable(`failed with status ${answer.status}`);
}
