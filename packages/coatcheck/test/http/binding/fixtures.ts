import { createCache } from "../../../src/cache/cache.ts";
import { type BindingOptions, createBinding } from "../../../src/device/index.ts";
import { HttpSessions } from "../../../src/http/http-sessions.ts";
import type { HttpOptions } from "../../../src/http/options.ts";
import type { RequestSession } from "../../../src/http/request-session.ts";
import type { ClientChange, UnusualLogin } from "../../../src/session/binding.ts";
import type { JsonObject } from "../../../src/session/json.ts";
import { SessionManager } from "../../../src/session/manager.ts";
import type { SessionStore } from "../../../src/session/store.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { ObservedStore } from "../../../src/testing/adapter/fixtures.ts";
import { fakeClock } from "../../../src/testing/clock.ts";

export const MINUTE = 60_000;
export const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
export const NEWER_FIREFOX = FIREFOX.replaceAll("140", "141");
export const CHROME =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
export const HOME_ADDRESS = "203.0.113.77";
export const AWAY_ADDRESS = "198.51.100.9";

/** The properties of a request that a test sends. */
export interface SentRequest {
  readonly token?: string | undefined;
  readonly userAgent?: string | null;
  readonly address?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Options of a {@link Site}. */
export interface SiteOptions {
  /** Options of `createBinding()`. Default: `{}`. If null, sessions are not bound to a client. */
  readonly binding?: BindingOptions | null;
  readonly http?: Omit<HttpOptions, "binding">;
  readonly store?: SessionStore;
  /**
   * The cache of the manager. `leased`: a cache that never polls the log, so its copies are valid for only two seconds.
   * Default: `of one process`.
   */
  readonly cache?: "of one process" | "leased" | "none";
}

/** One process of a site that binds each session to the client that logged in. */
export class Site {
  readonly clock = fakeClock();
  readonly store: ObservedStore;
  readonly manager: SessionManager;
  readonly clientChanges: ClientChange[] = [];
  readonly #http: HttpSessions<JsonObject>;

  constructor({
    binding = {},
    http = {},
    store = memoryStore(),
    cache = "of one process",
  }: SiteOptions = {}) {
    this.store = new ObservedStore(store);
    const { clock } = this;
    this.manager = new SessionManager({
      store: this.store,
      clock,
      secrets: ["a secret for these tests"],
      ...(cache !== "none" && {
        cache: createCache({
          store: this.store,
          clock,
          monotonic: clock.now,
          schedule: () => () => undefined,
          singleProcess: cache === "of one process",
        }),
      }),
    });
    this.manager.events.on("client-changed", ({ change }) => this.clientChanges.push(change));
    this.#http = new HttpSessions(this.manager, {
      ...http,
      ...(binding && { binding: createBinding(binding) }),
    });
  }

  /**
   * Opens the session handle of a request. By default, Firefox sends the request from `HOME_ADDRESS` and without a
   * token.
   */
  request({
    token,
    userAgent = FIREFOX,
    address = HOME_ADDRESS,
    headers = {},
  }: SentRequest = {}): RequestSession<JsonObject> {
    const all: Record<string, string> = {
      host: "shop.example",
      ...(userAgent !== null && { "user-agent": userAgent }),
      ...(token !== undefined && { cookie: `__Host-sid=${token}` }),
      ...headers,
    };
    return this.#http.open({
      method: "GET",
      url: "/",
      address,
      encrypted: true,
      header: (name) => all[name],
    });
  }

  /** Loads the session of a request. */
  async loadSession(sent: SentRequest = {}) {
    return await this.request(sent).load();
  }

  /** Logs in, and returns the new token. */
  async logIn(
    sent: SentRequest & { readonly subject?: string; readonly tenant?: string } = {},
  ): Promise<string> {
    const { subject = "ann", tenant = "shop" } = sent;
    return await this.changeSession(sent, (session) => session.authenticate(subject, { tenant }));
  }

  /** Elevates the session for the scope `payment`, and returns the new token. */
  async elevate(sent: SentRequest): Promise<string> {
    return await this.changeSession(sent, (session) => session.elevate("payment", 5 * MINUTE));
  }

  /** Changes the session in one request, and returns the token that the browser has afterwards. */
  async changeSession(
    sent: SentRequest,
    act: (session: Awaited<ReturnType<Site["loadSession"]>>) => Promise<unknown>,
  ): Promise<string> {
    const session = await this.loadSession(sent);
    await act(session);
    return (await session.commit()).token ?? sent.token ?? "";
  }

  /**
   * Returns the code of the error with which a guard refuses a request; null if the guard accepts it. The guard
   * requires a login, or an elevation for `scope`.
   */
  async findRefusalCode(sent: SentRequest, scope?: string): Promise<string | null> {
    const request = this.request(sent);
    try {
      await (scope === undefined ? request.requireSubject() : request.requireElevated(scope));
      return null;
    } catch (error) {
      return (error as { code: string }).code;
    }
  }
}

/** Collects the logins that are passed to `onUnusualLogin`. A test can wait for the next call. */
export class UnusualLoginCollector {
  readonly logins: UnusualLogin[] = [];
  #arrived = Promise.withResolvers<void>();

  readonly onUnusualLogin = (login: UnusualLogin): void => {
    this.logins.push(login);
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers<void>();
  };

  /** Resolves when `onUnusualLogin` is called next. */
  nextLogin(): Promise<void> {
    return this.#arrived.promise;
  }
}
