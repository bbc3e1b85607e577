import { request as send } from "node:http";
import { text } from "node:stream/consumers";

export const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
export const GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

/** A response with its body read. */
export interface Received {
  readonly status: number;
  readonly location: string;
  /** `Set-Cookie` values. */
  readonly cookies: readonly string[];
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  // biome-ignore lint/suspicious/noExplicitAny: each test knows the body that it reads.
  readonly json: any;
}

/** What to send. */
export interface Sending {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

type Fields = Readonly<Record<string, string>>;

/** A browser with a cookie jar that expires by the test's clock. */
export class Browser {
  readonly jar = new Map<string, { value: string; expires: number }>();
  readonly #url: string;
  readonly #clock: { now(): number };
  /** The page that the browser shows. */
  #page = "/";

  constructor(url: string, clock: { now(): number }) {
    this.#url = url;
    this.#clock = clock;
  }

  /** The value of a cookie that has not expired. */
  cookie(name: string): string | null {
    const cookie = this.jar.get(name);
    return cookie && cookie.expires > this.#clock.now() ? cookie.value : null;
  }

  /** Opens a page as a navigation does. */
  async open(path: string, headers: Sending["headers"] = {}): Promise<Received> {
    const received = await this.send(path, { headers: { ...this.#navigation, ...headers } });
    this.#page = path;
    return received;
  }

  /** Submits a form, and does not follow the redirect. */
  async submit(path: string, fields: Fields): Promise<Received> {
    const type = { "content-type": "application/x-www-form-urlencoded" };
    const body = new URLSearchParams(fields).toString();
    return await this.send(path, { method: "POST", headers: { ...this.#navigation, ...type }, body });
  }

  /** Submits a form and opens the page that the response names. */
  async follow(path: string, fields: Fields): Promise<Received> {
    const { status, location } = await this.submit(path, fields);
    if (status !== 303) throw new Error(`POST ${path} responded ${status} and not 303.`);
    return await this.open(location);
  }

  /** Sends a request as a page's script does. */
  async script(path: string, { method = "GET", headers = {}, body }: Sending = {}): Promise<Received> {
    const own = { "sec-fetch-dest": "empty", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" };
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const all = { accept: "application/json", ...own, ...type, ...headers };
    return await this.send(path, { method, headers: all, ...(body !== undefined && { body }) });
  }

  /** Sends JSON as a page's script does. */
  async post(path: string, value: unknown, headers: Sending["headers"] = {}): Promise<Received> {
    return await this.script(path, { method: "POST", body: JSON.stringify(value), headers });
  }

  async send(path: string, { method = "GET", headers = {}, body }: Sending): Promise<Received> {
    const cookies = [...this.jar.keys()].flatMap((name) => {
      const value = this.cookie(name);
      return value === null ? [] : [`${name}=${value}`];
    });
    const all = { "user-agent": FIREFOX, cookie: cookies.join("; ") || undefined, ...headers };
    const sent = Object.fromEntries(
      Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    const received = await exchange(new URL(path, this.#url), method, sent, body);
    for (const line of received.cookies) this.#keep(line);
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

  #keep(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const equals = pair.indexOf("=");
    const maxAge = attributes.find((each) => each.startsWith("Max-Age="))?.slice("Max-Age=".length);
    const expires =
      maxAge === undefined ? Number.POSITIVE_INFINITY : this.#clock.now() + Number(maxAge) * 1000;
    this.jar.set(pair.slice(0, equals), { value: pair.slice(equals + 1), expires });
  }
}

async function exchange(
  url: URL,
  method: string,
  headers: Record<string, string>,
  body: string | undefined,
): Promise<Received> {
  const response = Promise.withResolvers<Received>();
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
