import { request } from "node:http";
import { text } from "node:stream/consumers";
import type { RunningApplication } from "./next-build.ts";

/** A response and its body. */
export interface PageResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly cookies: readonly string[];
  readonly body: string;
}

/** Options of a request. */
export interface SendOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | FormData;
}

const SESSION_COOKIE = "__Host-sid";

/** An HTTP client that stores cookies. Apart from cookies, it sends only the headers that a test passes. */
export class Visitor {
  readonly cookies = new Map<string, string>();
  readonly #origin: string;

  constructor({ origin }: Pick<RunningApplication, "origin">) {
    this.#origin = origin;
  }

  /** The token in the session cookie; undefined without a cookie. */
  get token(): string | undefined {
    return this.cookies.get(SESSION_COOKIE);
  }

  set token(value: string | undefined) {
    if (value === undefined) this.cookies.delete(SESSION_COOKIE);
    else this.cookies.set(SESSION_COOKIE, value);
  }

  async send(path: string, { method = "GET", headers = {}, body }: SendOptions = {}): Promise<PageResponse> {
    const encoded = body instanceof FormData ? new Response(body) : null;
    const cookie = [...this.cookies].map((pair) => pair.join("=")).join("; ");
    const outgoing = request(new URL(path, this.#origin.replace("localhost", "127.0.0.1")), {
      method,
      agent: false,
      headers: {
        host: new URL(this.#origin).host,
        ...(cookie && { cookie }),
        ...(encoded && { "content-type": encoded.headers.get("content-type") ?? "" }),
        ...headers,
      },
    });
    const response = Promise.withResolvers<PageResponse>();
    outgoing.on("error", response.reject);
    outgoing.on("response", (incoming) => {
      const { "set-cookie": cookies = [], ...rest } = incoming.headers;
      text(incoming).then(
        (body) => response.resolve({ status: incoming.statusCode ?? 0, headers: rest, cookies, body }),
        response.reject,
      );
    });
    outgoing.end(encoded ? Buffer.from(await encoded.arrayBuffer()) : body);
    const received = await response.promise;
    for (const line of received.cookies) this.#storeCookie(line);
    return received;
  }

  /** Logs in through a route handler. */
  async logIn(name: string): Promise<PageResponse> {
    return await this.send("/api/login", { method: "POST", body: JSON.stringify({ name }) });
  }

  /** Submits a form of a page, as a browser without JavaScript does. A hidden field of the form names the action. */
  async submit(
    path: string,
    id: string,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = { "sec-fetch-site": "same-origin", origin: this.#origin },
  ): Promise<PageResponse> {
    const page = await this.send(path);
    const [, form = ""] = new RegExp(`<form[^>]*id="${id}"[^>]*>(.*?)</form>`).exec(page.body) ?? [];
    const [, action] = /name="(\$ACTION_ID_\w+)"/.exec(form) ?? [];
    if (!action) throw new Error(`The page ${path} has no form "${id}".`);
    const body = new FormData();
    body.set(action, "");
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    return await this.send(path, { method: "POST", body, headers });
  }

  #storeCookie(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const equals = pair.indexOf("=");
    if (attributes.some((each) => each.toLowerCase() === "max-age=0"))
      this.cookies.delete(pair.slice(0, equals));
    else this.cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
}

/** Returns the text of the element with this id. Throws if the page has no such element. */
export function textOf({ body }: PageResponse, id: string): string {
  const [, found] = new RegExp(`<(?:p|pre) id="${id}">(.*?)</p(?:re)?>`, "s").exec(body) ?? [];
  if (found === undefined) throw new Error(`The page has no element "${id}".`);
  const entities: Readonly<Record<string, string>> = { quot: '"', amp: "&", lt: "<", gt: ">", "#x27": "'" };
  return found.replace(/&([\w#]+);/g, (whole, name) => entities[name] ?? whole);
}

/**
 * Returns the path that a page redirects to, or null. With `cacheComponents` the response begins before the page is
 * rendered, so its status is 200 and the browser follows the redirect.
 */
export function redirectOf({ status, headers, body }: PageResponse): string | null {
  if (status === 307) return String(headers.location);
  return /NEXT_REDIRECT;replace;([^;]+);307/.exec(body)?.[1] ?? null;
}
