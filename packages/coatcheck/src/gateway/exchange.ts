import { upstreamUnavailableError } from "./errors.ts";
import type { Jar } from "./jar.ts";
import type { WireRequest } from "./messages.ts";
import type { ResolvedUpstreamOptions } from "./options.ts";
import { isSafe } from "./request.ts";
import { toUpstreamResponse, type UpstreamResponse } from "./response.ts";
import { Transport } from "./transport.ts";
import { UpstreamRetry } from "./upstream-retry.ts";

/** Browsers allow 20. More than a few redirects in a row indicate a redirect loop. */
const MAX_REDIRECTS = 5;
const REDIRECT_STATUSES = [301, 302, 303, 307, 308];

/** A response, with the method and URL of the request that it answers, after all redirects. */
export interface Exchange {
  readonly response: UpstreamResponse;
  readonly method: string;
  readonly url: URL;
}

/** Sends requests with the cookies of a jar, and follows redirects within the upstream's origin. */
export class Exchanger {
  readonly #options: ResolvedUpstreamOptions;
  readonly #transport: Transport;
  readonly #retry: UpstreamRetry;

  constructor(options: ResolvedUpstreamOptions) {
    this.#options = options;
    this.#transport = new Transport(options);
    this.#retry = new UpstreamRetry(options);
  }

  /**
   * Sends a request. Stores the cookies of each response in `jar`, even if a later request of the redirect chain fails.
   *
   * @param redirect - `manual` returns a redirect instead of following it.
   * @throws CoatcheckError `UPSTREAM_UNAVAILABLE`, `UPSTREAM_TIMEOUT`.
   */
  async run(
    first: WireRequest,
    jar: Jar,
    signal: AbortSignal,
    redirect: "follow" | "manual" = "follow",
  ): Promise<Exchange> {
    let outgoing = first;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const url = new URL(this.#options.publicOrigin + outgoing.path);
      const cookie = jar.cookieHeader(url);
      const request = cookie ? { ...outgoing, headers: { ...outgoing.headers, cookie } } : outgoing;
      const received = await this.#retry.run(isSafe(request.method), signal, () =>
        this.#transport.send(request, signal),
      );
      const { status, headers } = received;
      jar.setFromHeaders([headers["set-cookie"] ?? []].flat(), url);
      if (redirect === "manual" || !REDIRECT_STATUSES.includes(status)) {
        const response = toUpstreamResponse(received, { url, redirected: redirects > 0 });
        return { response, method: request.method, url };
      }
      outgoing = followRedirect(outgoing, status, this.#redirectTarget(headers.location, url));
    }
    throw upstreamUnavailableError(`redirected more than ${MAX_REDIRECTS} times`);
  }

  /** Closes all connections, including those in use. */
  async close(): Promise<void> {
    await this.#transport.close();
  }

  #redirectTarget(location: string | string[] | undefined, from: URL): URL {
    const target = typeof location === "string" ? URL.parse(location, from.href) : null;
    if (!target) throw upstreamUnavailableError("redirected without a valid Location header");
    // Accept both origins: an upstream that ignores the Host header redirects to its internal address.
    const own = [this.#options.publicOrigin, this.#options.baseUrl.origin];
    if (own.includes(target.origin)) return target;
    throw upstreamUnavailableError("redirected to another origin, which the gateway never contacts");
  }
}

/** RFC 9110 §15.4: 307 and 308 keep the method. After 301, 302 and 303 continue with GET, as browsers do. */
function followRedirect(outgoing: WireRequest, status: number, target: URL): WireRequest {
  const path = target.pathname + target.search;
  if (status === 307 || status === 308 || isSafe(outgoing.method)) return { ...outgoing, path };
  const { "content-type": _dropped, ...headers } = outgoing.headers;
  return { method: "GET", path, headers, body: null };
}
