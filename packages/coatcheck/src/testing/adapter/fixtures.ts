import { request } from "node:http";
import { text } from "node:stream/consumers";
import type { HttpOptions } from "../../http/options.ts";
import type { Clock } from "../../session/clock.ts";
import { storeUnavailableError } from "../../session/errors.ts";
import { SessionManager } from "../../session/manager.ts";
import type { SessionPolicy } from "../../session/policy.ts";
import type { SessionReader } from "../../session/reader.ts";
import type { SessionStore } from "../../session/store.ts";
import { memoryStore } from "../../store/memory.ts";
import type { AdapterServer, AdapterSuiteData, Routes, StartAdapter } from "./exchange.ts";

/** A response, with its body read. */
export interface TestResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: string;
  /** The body's `error.code`; null if it has none. */
  readonly code: string | null;
}

/** Options of a request. */
export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as a form, `application/x-www-form-urlencoded`. */
  readonly form?: Readonly<Record<string, string>>;
}

/** Wraps a store: counts its reads and writes, and can make it fail or make its writes wait. */
export class ObservedStore implements SessionStore {
  reads = 0;
  writes = 0;
  /** While true, every call fails with `STORE_UNAVAILABLE`. */
  isDown = false;
  #heldWrites: { readonly arrived: () => void; readonly released: Promise<void> } | null = null;
  readonly #store: SessionStore;

  constructor(store: SessionStore) {
    this.#store = store;
  }

  /** Makes writes wait until `release` is called. `arrived` resolves when the first write waits. */
  holdWrites(): { readonly arrived: Promise<void>; readonly release: () => void } {
    const arrived = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    this.#heldWrites = { arrived: arrived.resolve, released: released.promise };
    const release = () => {
      this.#heldWrites = null;
      released.resolve();
    };
    return { arrived: arrived.promise, release };
  }

  async get(id: string) {
    this.reads++;
    return await this.#callUnlessDown(() => this.#store.get(id));
  }

  async put(...args: Parameters<SessionStore["put"]>) {
    const hold = this.#heldWrites;
    hold?.arrived();
    await hold?.released;
    const outcome = await this.#callUnlessDown(() => this.#store.put(...args));
    this.writes++;
    return outcome;
  }

  async touch(...args: Parameters<SessionStore["touch"]>) {
    await this.#callUnlessDown(() => this.#store.touch(...args));
  }

  async revoke(...args: Parameters<SessionStore["revoke"]>) {
    return await this.#callUnlessDown(() => this.#store.revoke(...args));
  }

  async invalidate(key: string) {
    return await this.#callUnlessDown(() => this.#store.invalidate(key));
  }

  async list(...args: Parameters<SessionStore["list"]>) {
    return await this.#callUnlessDown(() => this.#store.list(...args));
  }

  async stats(now: number) {
    return await this.#callUnlessDown(() => this.#store.stats(now));
  }

  async changes(...args: Parameters<SessionStore["changes"]>) {
    return await this.#callUnlessDown(() => this.#store.changes(...args));
  }

  async sweep(before: number, limit: number) {
    return await this.#callUnlessDown(() => this.#store.sweep(before, limit));
  }

  async close() {
    await this.#store.close();
  }

  async #callUnlessDown<Value>(call: () => Promise<Value>): Promise<Value> {
    if (this.isDown) throw storeUnavailableError(new Error("The store was made to fail."));
    return await call();
  }
}

/** Options of an {@link AdapterFixture}. */
export interface AdapterFixtureOptions {
  readonly http?: HttpOptions;
  readonly policy?: Partial<SessionPolicy>;
}

/** Creates the cache in front of the store, so that hits return synchronously; null for none. */
export type CacheFactory = ((store: SessionStore, clock: Clock) => SessionReader) | null;

/**
 * The set-up of one case: a manager on an {@link ObservedStore}, a clock that the case moves, and the adapter's server.
 */
export class AdapterFixture {
  readonly store = new ObservedStore(memoryStore());
  readonly manager: SessionManager<AdapterSuiteData>;
  readonly clock: Clock = { now: () => this.#now };
  readonly #cache: SessionReader | null;
  #now = Date.UTC(2026, 0, 1);
  #server: AdapterServer | null = null;

  constructor(cacheFactory: CacheFactory, policy: Partial<SessionPolicy> = {}) {
    this.#cache = cacheFactory?.(this.store, this.clock) ?? null;
    this.manager = new SessionManager<AdapterSuiteData>({
      store: this.store,
      secrets: ["the secret of this suite"],
      policy,
      clock: this.clock,
      ...(this.#cache ? { cache: this.#cache } : {}),
    });
  }

  async serve(start: StartAdapter, http: HttpOptions, routes: Routes): Promise<void> {
    this.#server = await start(this.manager, http, routes);
  }

  /** Advances the clock by `milliseconds`. */
  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** Removes a session from the cache, so that the next load reads the store. */
  forget(id: string): void {
    this.#cache?.invalidate(id);
  }

  /** Returns the number of stored sessions, active or ended. */
  async countStoredSessions(): Promise<number> {
    return (await this.manager.stats()).total;
  }

  /** Sends one request over a new connection. */
  async send(
    path: string,
    { method = "GET", headers = {}, form }: RequestOptions = {},
  ): Promise<TestResponse> {
    const url = new URL(path, this.url);
    const body = form && new URLSearchParams(form).toString();
    const type = form && { "content-type": "application/x-www-form-urlencoded" };
    const outgoing = request(url, { method, headers: { ...type, ...headers }, agent: false });
    const response = Promise.withResolvers<TestResponse>();
    outgoing.on("error", response.reject);
    outgoing.on("response", (incoming) => {
      const { "set-cookie": cookies = [], ...rest } = incoming.headers;
      const fields = Object.entries(rest).map(([name, value]) => [name, String(value)]);
      text(incoming).then((body) => {
        const status = incoming.statusCode ?? 0;
        response.resolve({
          status,
          headers: Object.fromEntries(fields),
          cookies,
          body,
          code: errorCodeOf(body),
        });
      }, response.reject);
    });
    outgoing.end(body);
    return await response.promise;
  }

  /** Returns a client that keeps cookies. */
  openBrowser(): Browser {
    return new Browser(this);
  }

  get url(): string {
    if (this.#server === null) throw new Error("The server has not been started: call serve() first.");
    return this.#server.url;
  }

  async close(): Promise<void> {
    await this.#server?.close();
    this.store.isDown = false;
    await this.manager.close();
  }
}

/** A client that keeps cookies and sends them back. Ignores their lifetime, except for `Max-Age=0`. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #fixture: AdapterFixture;

  constructor(fixture: AdapterFixture) {
    this.#fixture = fixture;
  }

  /** The session token among the cookies; undefined if there is none. */
  get token(): string | undefined {
    return this.cookies.get("__Host-sid");
  }

  async send(path: string, options: RequestOptions = {}): Promise<TestResponse> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = cookie === "" ? options.headers : { cookie, ...options.headers };
    const response = await this.#fixture.send(path, headers ? { ...options, headers } : options);
    for (const line of response.cookies) this.#storeCookie(line);
    return response;
  }

  #storeCookie(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const equals = pair.indexOf("=");
    const name = pair.slice(0, equals);
    if (attributes.includes("Max-Age=0")) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(equals + 1));
  }
}

function errorCodeOf(body: string): string | null {
  try {
    return JSON.parse(body).error?.code ?? null;
  } catch {
    return null;
  }
}
