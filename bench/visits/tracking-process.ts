/**
 * Runs a site with or without visit tracking in its own process. Uses no sockets, because the difference is smaller
 * than network noise. Views as many pages as the parent process requests, and sends back the CPU time per page. That
 * time includes the event queue; the sink discards the events.
 */
import { setImmediate } from "node:timers/promises";
import { SessionManager } from "coatcheck";
import { createCache } from "coatcheck/cache";
import { type HttpRequest, HttpSessions, type ResponseHeaders } from "coatcheck/http";
import { memoryStore } from "coatcheck/store/memory";
import { createEventQueue, createVisits } from "coatcheck/visit";
import { COOKIE_SECRET } from "../servers/workload.ts";

const VISITOR_COUNT = 500;
/** Number of page views before the process yields to the event loop, so that the queue can write its batches. */
const PAGES_PER_TURN = 50;
/** Turns the event limits off: the benchmark's visitors are faster than people. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** The addresses of 997 pages. */
const URLS = Array.from({ length: 997 }, (_, page) => Buffer.from(`/coats/${page}?page=${page % 7}`));
const HOST = Buffer.from("shop.example");
const REFERRER = Buffer.from("https://shop.example/coats?page=3");
const ACCEPT = Buffer.from("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
/** The user agents of 40 browsers. */
const USER_AGENTS = Array.from({ length: 20 }, (_, index) => 120 + index).flatMap((version) => [
  Buffer.from(`Mozilla/5.0 (X11; Linux x86_64; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`),
  Buffer.from(
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`,
  ),
]);

/** A header value as bytes. Each request converts it to a string, as a server does with the bytes from its socket. */
type HeaderValue = Buffer;

/** The request for a page. */
class PageRequest implements HttpRequest {
  readonly method = "GET";
  readonly url: string;
  readonly address = "192.0.2.7";
  readonly encrypted = true;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(page: number, userAgent: HeaderValue, cookie: HeaderValue) {
    const url = URLS[page % URLS.length] as HeaderValue;
    this.url = url.toString("latin1");
    this.#headers = {
      host: HOST.toString("latin1"),
      cookie: cookie.toString("latin1"),
      "user-agent": userAgent.toString("latin1"),
      accept: ACCEPT.toString("latin1"),
      referer: REFERRER.toString("latin1"),
      "sec-fetch-dest": "document",
      "sec-fetch-mode": "navigate",
      "sec-fetch-site": "same-origin",
      "sec-fetch-user": "?1",
    };
  }

  header(name: string): string | undefined {
    return this.#headers[name];
  }
}

/** The headers of a page's response. */
class PageHeaders implements ResponseHeaders {
  readonly cookies: string[] = [];
  readonly #fields = new Map([["content-type", "text/html; charset=utf-8"]]);

  get(name: string): string | null {
    return this.#fields.get(name) ?? null;
  }

  set(name: string, value: string): void {
    this.#fields.set(name, value);
  }

  append(name: string, value: string): void {
    if (name === "set-cookie") this.cookies.push(value);
    else this.#fields.set(name, value);
  }
}

/** The measured site, with or without visit tracking. */
class MeasuredSite {
  readonly #sessions: HttpSessions<{ theme?: string }>;
  readonly #cookies: HeaderValue[] = [];
  #pages = 0;

  constructor(hasVisits: boolean) {
    const queue = createEventQueue({ sink: { write: async () => {}, close: async () => {} } });
    const options = { queue, privacy: "full", eventsPerMinute: NO_LIMIT } as const;
    const store = memoryStore();
    const cache = createCache({ store, singleProcess: true });
    const manager = new SessionManager<{ theme?: string }>({ store, cache, secrets: [COOKIE_SECRET] });
    this.#sessions = new HttpSessions(manager, hasVisits ? { visits: createVisits(options) } : {});
  }

  /** Creates a session for each visitor. */
  async begin(): Promise<void> {
    for (let visitor = 0; visitor < VISITOR_COUNT; visitor++) {
      const { cookies } = await this.#view(visitor, Buffer.of());
      this.#cookies.push(Buffer.from(cookies.map((cookie) => cookie.split(";")[0]).join("; ")));
    }
  }

  /** Views pages one after another. Returns the CPU time per page, in microseconds. */
  async measureCpuTime(pages: number): Promise<number> {
    const before = process.cpuUsage();
    for (let page = 0; page < pages; page++) {
      const visitor = this.#pages % VISITOR_COUNT;
      await this.#view(visitor, this.#cookies[visitor] as HeaderValue);
      if (page % PAGES_PER_TURN === 0) await setImmediate();
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / pages;
  }

  /** Views one page: runs the same steps as a framework adapter whose handler loads the session. */
  async #view(visitor: number, cookie: HeaderValue): Promise<PageHeaders> {
    const userAgent = USER_AGENTS[visitor % USER_AGENTS.length] as HeaderValue;
    const request = this.#sessions.open(new PageRequest(this.#pages++, userAgent, cookie));
    await request.checkCsrf();
    const session = await request.load();
    if (session.record === null) session.data.theme = "dark";
    const headers = new PageHeaders();
    await request.commit(headers, 200);
    return headers;
  }
}

const site = new MeasuredSite(process.argv[2] === "with");
await site.begin();
process.on("message", async (pages: number) => process.send?.(await site.measureCpuTime(pages)));
process.on("disconnect", () => process.exit());
process.send?.("ready");
