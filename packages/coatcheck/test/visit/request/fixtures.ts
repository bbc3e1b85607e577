import { request as send } from "node:http";
import { text } from "node:stream/consumers";
import type { HttpOptions } from "../../../src/http/options.ts";
import { CoatcheckError } from "../../../src/session/errors.ts";
import type { JsonObject } from "../../../src/session/json.ts";
import { SessionManager } from "../../../src/session/manager.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { ObservedStore } from "../../../src/testing/adapter/fixtures.ts";
import type { CountedKind, VisitEvent } from "../../../src/visit/event.ts";
import type { EventQueue } from "../../../src/visit/event-queue.ts";
import type { VisitsOptions } from "../../../src/visit/options.ts";
import { createVisits } from "../../../src/visit/visits.ts";
import type { Site, StartSite } from "./servers.ts";

export const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
export const SAFARI =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
export const GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A queue that stores events and counts in lists. */
export class TestQueue implements EventQueue {
  readonly events: VisitEvent[] = [];
  readonly counts: [kind: CountedKind, tenant: string | null][] = [];
  /** As long as this is true, the queue rejects orders. */
  isFull = false;

  track(event: VisitEvent): void {
    this.events.push(event);
  }

  async trackDurably(event: VisitEvent): Promise<void> {
    if (this.isFull) throw new CoatcheckError("STORE_UNAVAILABLE", "The queue was made to fail.");
    this.events.push(event);
  }

  count(kind: CountedKind, tenant: string | null): void {
    this.counts.push([kind, tenant]);
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {}

  /** Returns the events of one type. */
  eventsOfType(type: string): VisitEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  get eventTypes(): string[] {
    return this.events.map(({ type }) => type);
  }
}

/** A response whose body has been read. */
export interface ReceivedResponse {
  readonly status: number;
  readonly cookies: readonly string[];
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly json: JsonObject & { readonly error?: { code: string; faults?: { path: string }[] } };
}

/** Options of a request. */
export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

/** The site under test. A request to each of its paths performs one action that a page can perform. */
const testSite: Site = async ({ path, query, session, visitorId }) => {
  const json = (value: unknown) => ({ status: 200, type: "application/json", body: JSON.stringify(value) });
  const html = (status: number, body = "<p>") => ({ status, type: "text/html; charset=utf-8", body });
  switch (path) {
    case "/data":
      return json({});
    case "/missing":
      return html(404);
    case "/write": {
      const handle = await session.load();
      Object.assign(handle.data, { theme: query.get("theme") });
      return html(200);
    }
    case "/visitor":
      return json({ visitorId: visitorId ?? null, sessionId: (await session.load()).record?.id ?? null });
    case "/visit":
    case "/visit-page": {
      const { collected, id, visitorId, pageId, startedAt, source } = (await session.load()).visit;
      const body = { collected, id, visitorId, pageId, startedAt, source };
      return path === "/visit" ? json(body) : html(200, JSON.stringify(body));
    }
    case "/track": {
      const { visit } = await session.load();
      const properties = JSON.parse(query.get("properties") ?? "{}");
      return json(visit.track(query.get("name") ?? "", properties));
    }
    case "/login":
      await (await session.load()).authenticate(query.get("subject") ?? "ann");
      return json({});
    case "/convert": {
      const { visit } = await session.load();
      return json(await visit.convert(JSON.parse(query.get("order") ?? "null")));
    }
    default:
      return html(200);
  }
};

/** Options of a fixture. */
export interface FixtureOptions {
  readonly visits?: Partial<VisitsOptions>;
  readonly http?: HttpOptions;
}

/** Starts the site with a store, a queue and a clock that the test controls. */
export async function startFixture(start: StartSite, options: FixtureOptions = {}) {
  let now = Date.UTC(2026, 2, 10, 12);
  const clock = { now: () => now };
  const queue = new TestQueue();
  const store = new ObservedStore(memoryStore());
  const manager = new SessionManager({ store, secrets: ["the secret of these tests"], clock });
  const failures: unknown[] = [];
  manager.events.on("failed", ({ error }) => failures.push(error));
  const visits = createVisits({ queue, privacy: "full", clock, ...options.visits });
  const server = await start(manager, { visits, cookie: { secure: false }, ...options.http }, testSite);
  return {
    queue,
    store,
    manager,
    visits,
    failures,
    url: server.url,
    now: () => now,
    advance: (milliseconds: number) => {
      now += milliseconds;
    },
    browser: (userAgent = FIREFOX) => new Browser(server.url, clock, userAgent),
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await manager.close();
    },
  };
}

/** A browser with a cookie jar. Its cookies expire according to the test's clock. */
export class Browser {
  readonly jar = new Map<string, { value: string; expires: number }>();
  readonly #url: string;
  readonly #clock: { now(): number };
  readonly userAgent: string;

  constructor(url: string, clock: { now(): number }, userAgent: string) {
    this.#url = url;
    this.#clock = clock;
    this.userAgent = userAgent;
  }

  /** Returns the value of a cookie, or null if there is no such cookie or it has expired. */
  cookie(name: string): string | null {
    const cookie = this.jar.get(name);
    return cookie && cookie.expires > this.#clock.now() ? cookie.value : null;
  }

  /** Opens a page, with the headers of a navigation. */
  async openPage(path: string, headers: RequestOptions["headers"] = {}): Promise<ReceivedResponse> {
    const navigation = {
      accept: "text/html,application/xhtml+xml",
      "sec-fetch-dest": "document",
      "sec-fetch-mode": "navigate",
      "sec-fetch-site": "none",
    };
    return await this.send(path, { headers: { ...navigation, ...headers } });
  }

  /** Sends a request, with the headers of a page's script. */
  async sendFromScript(
    path: string,
    { method = "POST", headers = {}, body }: RequestOptions = {},
  ): Promise<ReceivedResponse> {
    const own = { "sec-fetch-dest": "empty", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" };
    const type = body === undefined ? {} : { "content-type": "application/json" };
    return await this.send(path, {
      method,
      headers: { ...own, ...type, ...headers },
      ...(body !== undefined && { body }),
    });
  }

  /** Sends a beacon. */
  async sendBeacon(body: unknown, headers: RequestOptions["headers"] = {}): Promise<ReceivedResponse> {
    return await this.sendFromScript("/session/visit", { body: JSON.stringify(body), headers });
  }

  async send(
    path: string,
    { method = "GET", headers = {}, body }: RequestOptions,
  ): Promise<ReceivedResponse> {
    const cookies = [...this.jar.keys()].flatMap((name) => {
      const value = this.cookie(name);
      return value === null ? [] : [`${name}=${value}`];
    });
    const all = { "user-agent": this.userAgent, cookie: cookies.join("; ") || undefined, ...headers };
    const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    const received = await sendRequest(new URL(path, this.#url), method, sent, body);
    for (const line of received.cookies) this.#keepCookies(line);
    return received;
  }

  #keepCookies(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const equals = pair.indexOf("=");
    const maxAge = attributes.find((each) => each.startsWith("Max-Age="))?.slice("Max-Age=".length);
    const expires =
      maxAge === undefined ? Number.POSITIVE_INFINITY : this.#clock.now() + Number(maxAge) * 1000;
    this.jar.set(pair.slice(0, equals), { value: pair.slice(equals + 1), expires });
  }
}

async function sendRequest(
  url: URL,
  method: string,
  headers: Record<string, string | undefined>,
  body: string | undefined,
): Promise<ReceivedResponse> {
  const response = Promise.withResolvers<ReceivedResponse>();
  const outgoing = send(url, { method, headers: headers as Record<string, string>, agent: false });
  outgoing.on("error", response.reject);
  outgoing.on("response", (incoming) => {
    text(incoming).then((received) => {
      const { "set-cookie": cookies = [], ...rest } = incoming.headers;
      response.resolve({
        status: incoming.statusCode ?? 0,
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

/** Creates a beacon of one page. */
export function createBeacon(pageId: string, ...events: readonly JsonObject[]): JsonObject {
  return {
    pageId,
    events: events.map((event) => ({ id: crypto.randomUUID(), ago: 0, path: "/", ...event })),
  };
}
