import { request as send } from "node:http";
import { text } from "node:stream/consumers";

export const FIREFOX_USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
export const GOOGLEBOT_USER_AGENT =
  "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

/** A response and its body. */
export interface ReceivedResponse {
  readonly status: number;
  readonly location: string;
  /** `Set-Cookie` values. */
  readonly cookies: readonly string[];
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  // biome-ignore lint/suspicious/noExplicitAny: each test knows the body that it reads.
  readonly json: any;
}

/** Options of a request. */
export interface SendOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

type Fields = Readonly<Record<string, string>>;

/** Simulates a browser. Its cookies expire by the test's clock. */
export class Browser {
  readonly jar = new Map<string, { value: string; expires: number }>();
  readonly #url: string;
  readonly #clock: { now(): number };
  /** The path of the current page, for the `Referer` header. */
  #page = "/";

  constructor(url: string, clock: { now(): number }) {
    this.#url = url;
    this.#clock = clock;
  }

  /** Returns the value of a cookie; null if it is missing or expired. */
  cookie(name: string): string | null {
    const cookie = this.jar.get(name);
    return cookie && cookie.expires > this.#clock.now() ? cookie.value : null;
  }

  /** Opens a page, with the headers of a navigation. */
  async open(path: string, headers: SendOptions["headers"] = {}): Promise<ReceivedResponse> {
    const received = await this.send(path, { headers: { ...this.#navigation, ...headers } });
    this.#page = path;
    return received;
  }

  /** Submits a form. Does not follow the redirect. */
  async submit(path: string, fields: Fields): Promise<ReceivedResponse> {
    const type = { "content-type": "application/x-www-form-urlencoded" };
    const body = new URLSearchParams(fields).toString();
    return await this.send(path, { method: "POST", headers: { ...this.#navigation, ...type }, body });
  }

  /** Submits a form and follows the redirect. */
  async submitAndFollow(path: string, fields: Fields): Promise<ReceivedResponse> {
    const { status, location } = await this.submit(path, fields);
    if (status !== 303) throw new Error(`POST ${path} responded ${status} and not 303.`);
    return await this.open(location);
  }

  /** Sends a request, with the headers of `fetch` in a page. */
  async fetchInPage(
    path: string,
    { method = "GET", headers = {}, body }: SendOptions = {},
  ): Promise<ReceivedResponse> {
    const own = { "sec-fetch-dest": "empty", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" };
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const all = { accept: "application/json", ...own, ...type, ...headers };
    return await this.send(path, { method, headers: all, ...(body !== undefined && { body }) });
  }

  /** Posts JSON, with the headers of `fetch` in a page. */
  async post(path: string, value: unknown, headers: SendOptions["headers"] = {}): Promise<ReceivedResponse> {
    return await this.fetchInPage(path, { method: "POST", body: JSON.stringify(value), headers });
  }

  async send(path: string, { method = "GET", headers = {}, body }: SendOptions): Promise<ReceivedResponse> {
    const cookies = [...this.jar.keys()].flatMap((name) => {
      const value = this.cookie(name);
      return value === null ? [] : [`${name}=${value}`];
    });
    const all = { "user-agent": FIREFOX_USER_AGENT, cookie: cookies.join("; ") || undefined, ...headers };
    const sent = Object.fromEntries(
      Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    const received = await sendOverHttp(new URL(path, this.#url), method, sent, body);
    for (const line of received.cookies) this.#storeCookie(line);
    return received;
  }

  get #navigation(): Fields {
    return {
      accept: "text/html,application/xhtml+xml,*/*;q=0.8",
      referer: this.#url + this.#page,
      "sec-fetch-dest": "document",
      "sec-fetch-mode": "navigate",
      "sec-fetch-site": "same-origin",
    };
  }

  #storeCookie(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const equals = pair.indexOf("=");
    const maxAge = attributes.find((each) => each.startsWith("Max-Age="))?.slice("Max-Age=".length);
    const expires =
      maxAge === undefined ? Number.POSITIVE_INFINITY : this.#clock.now() + Number(maxAge) * 1000;
    this.jar.set(pair.slice(0, equals), { value: pair.slice(equals + 1), expires });
  }
}

async function sendOverHttp(
  url: URL,
  method: string,
  headers: Record<string, string>,
  body: string | undefined,
): Promise<ReceivedResponse> {
  const response = Promise.withResolvers<ReceivedResponse>();
  const outgoing = send(url, { method, headers, agent: false });
  outgoing.on("error", response.reject);
  outgoing.on("response", (incoming) => {
    text(incoming).then((received) => {
      const { "set-cookie": cookies = [], ...rest } = incoming.headers;
      response.resolve({
        status: incoming.statusCode ?? 0,
        location: rest.location ?? "",
        cookies,
        headers: rest,
        body: received,
        get json() {
          return JSON.parse(received);
        },
      });
    }, response.reject);
  });
  outgoing.end(body);
  return await response.promise;
}
