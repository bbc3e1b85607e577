import { request } from "node:http";
import { text } from "node:stream/consumers";
import type { HttpOptions } from "../../http/options.ts";
import type { Clock } from "../../session/clock.ts";
import { storeUnavailable } from "../../session/errors.ts";
import { SessionManager } from "../../session/manager.ts";
import type { SessionPolicy } from "../../session/policy.ts";
import type { SessionReader } from "../../session/reader.ts";
import type { SessionStore } from "../../session/store.ts";
import { memoryStore } from "../../store/memory.ts";
import type { AdapterServer, Routes, StartAdapter, SuiteData } from "./exchange.ts";

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: string;
  /** The body's `error.code`; null when it has none. */
  readonly code: string | null;
}

/** What is sent. */
export interface Sending {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A store that counts, that can be made to fail, and whose writes can be made to wait. */
export class ObservedStore implements SessionStore {
  reads = 0;
  writes = 0;
  isDown = false;
  #hold: { readonly arrived: () => void; readonly released: Promise<void> } | null = null;
  readonly #store: SessionStore;

  constructor(store: SessionStore) {
    this.#store = store;
  }

  /** Makes writes wait until `release` is called; `arrived` resolves when the first does. */
  hold(): { readonly arrived: Promise<void>; readonly release: () => void } {
    const arrived = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    this.#hold = { arrived: arrived.resolve, released: released.promise };
    const release = () => {
      this.#hold = null;
      released.resolve();
    };
    return { arrived: arrived.promise, release };
  }

  async get(id: string) {
    this.reads++;
    return await this.#ask(() => this.#store.get(id));
  }

  async put(...args: Parameters<SessionStore["put"]>) {
    const hold = this.#hold;
    hold?.arrived();
    await hold?.released;
    const outcome = await this.#ask(() => this.#store.put(...args));
    this.writes++;
    return outcome;
  }

  async touch(...args: Parameters<SessionStore["touch"]>) {
    await this.#ask(() => this.#store.touch(...args));
  }

  async revoke(...args: Parameters<SessionStore["revoke"]>) {
    return await this.#ask(() => this.#store.revoke(...args));
  }

  async list(...args: Parameters<SessionStore["list"]>) {
    return await this.#ask(() => this.#store.list(...args));
  }

  async stats(now: number) {
    return await this.#ask(() => this.#store.stats(now));
  }

  async changes(...args: Parameters<SessionStore["changes"]>) {
    return await this.#ask(() => this.#store.changes(...args));
  }

  async sweep(before: number, limit: number) {
    return await this.#ask(() => this.#store.sweep(before, limit));
  }

  async close() {
    await this.#store.close();
  }

  async #ask<Value>(call: () => Promise<Value>): Promise<Value> {
    if (this.isDown) throw storeUnavailable(new Error("The store was made to fail."));
    return await call();
  }
}

/** What a case may say of its server. */
export interface RigOptions {
  readonly http?: HttpOptions;
  readonly policy?: Partial<SessionPolicy>;
}

/** Puts a cache in front of the store, so that hits answer synchronously; null for none. */
export type CacheOf = ((store: SessionStore, clock: Clock) => SessionReader) | null;

/** A manager on an observed store, a clock that the case moves, and a server of the adapter. */
export class Rig {
  readonly store = new ObservedStore(memoryStore());
  readonly manager: SessionManager<SuiteData>;
  readonly clock: Clock = { now: () => this.#now };
  readonly #cache: SessionReader | null;
  #now = Date.UTC(2026, 0, 1);
  #server: AdapterServer | null = null;

  constructor(cacheOf: CacheOf, policy: Partial<SessionPolicy> = {}) {
    this.#cache = cacheOf?.(this.store, this.clock) ?? null;
    this.manager = new SessionManager<SuiteData>({
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

  /** Lets time pass, milliseconds. */
  pass(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** Takes a session out of the cache, so that the store is asked for it. */
  forget(id: string): void {
    this.#cache?.outdated(id);
  }

  /** How many sessions are stored, live or not. */
  async stored(): Promise<number> {
    return (await this.manager.stats()).total;
  }

  /** Sends one request over a connection of its own. */
  async send(path: string, { method = "GET", headers = {} }: Sending = {}): Promise<Answer> {
    const url = new URL(path, this.url);
    const outgoing = request(url, { method, headers, agent: false });
    const answer = Promise.withResolvers<Answer>();
    outgoing.on("error", answer.reject);
    outgoing.on("response", (incoming) => {
      const { "set-cookie": cookies = [], ...rest } = incoming.headers;
      const fields = Object.entries(rest).map(([name, value]) => [name, String(value)]);
      text(incoming).then((body) => {
        const status = incoming.statusCode ?? 0;
        answer.resolve({ status, headers: Object.fromEntries(fields), cookies, body, code: codeOf(body) });
      }, answer.reject);
    });
    outgoing.end();
    return await answer.promise;
  }

  /** A client that keeps cookies. */
  browser(): Browser {
    return new Browser(this);
  }

  get url(): string {
    if (this.#server === null) throw new Error("The server has not been started.");
    return this.#server.url;
  }

  async close(): Promise<void> {
    await this.#server?.close();
    this.store.isDown = false;
    await this.manager.close();
  }
}

/** Keeps cookies as browsers do, but for expiry in time, and sends them back. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #rig: Rig;

  constructor(rig: Rig) {
    this.#rig = rig;
  }

  /** The session's token, if there is one. */
  get token(): string | undefined {
    return this.cookies.get("__Host-sid");
  }

  async send(path: string, sending: Sending = {}): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = cookie === "" ? sending.headers : { cookie, ...sending.headers };
    const answer = await this.#rig.send(path, headers ? { ...sending, headers } : sending);
    for (const line of answer.cookies) this.#keep(line);
    return answer;
  }

  #keep(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const equals = pair.indexOf("=");
    const name = pair.slice(0, equals);
    if (attributes.includes("Max-Age=0")) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(equals + 1));
  }
}

function codeOf(body: string): string | null {
  try {
    return JSON.parse(body).error?.code ?? null;
  } catch {
    return null;
  }
}
