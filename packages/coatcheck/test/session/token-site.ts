import { createCache } from "../../src/cache/index.ts";
import { HttpSessions } from "../../src/http/http-sessions.ts";
import type { RequestSession } from "../../src/http/request-session.ts";
import { CoatcheckError, type ErrorCode } from "../../src/session/errors.ts";
import { SessionManager } from "../../src/session/manager.ts";
import type { SessionRecord } from "../../src/session/record.ts";
import { Session } from "../../src/session/session.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { idOfToken, type RandomSource } from "../../src/session/token.ts";
import { memoryStore } from "../../src/store/memory.ts";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const TOKEN_OVERLAP = 30 * SECOND;

/** The secrets of the manager's ring. */
export const SITE_SECRETS = ["the only secret of the model"];

const COPY_SEED = 1_000_000_007;

/** The scope of every elevation in the model. */
export const ELEVATION_SCOPE = "payment";

/** What the handler of a request does with the loaded session. */
export type HandlerAction =
  | { readonly do: "login"; readonly subject: string }
  | { readonly do: "elevate" | "rotate" | "read" | "logout" }
  | { readonly do: "write"; readonly name: string; readonly value: number };

export interface SiteOptions {
  readonly rotateEvery: number | null;
  readonly hasCache: boolean;
}

/** The session data of the model. Each writer stores the number of its last write. */
type SiteData = Record<string, number>;

/** The response to a request. */
export interface SiteResponse {
  readonly error: ErrorCode | null;
  /** The token in `Set-Cookie`. Null if the response clears the cookie, undefined if it has no `Set-Cookie`. */
  readonly cookie: string | null | undefined;
  /** The subject of the session after the handler's action. */
  readonly subject: string | null;
}

/** One request with the token `cookie` (null for no token), and the response to that request. */
export class Exchange {
  readonly #request: RequestSession<SiteData>;

  constructor(http: HttpSessions<SiteData>, cookie: string | null) {
    this.#request = http.open({
      method: "POST",
      url: "/",
      address: undefined,
      encrypted: true,
      header: (name) => (name === "cookie" && cookie !== null ? `${http.cookie.name}=${cookie}` : undefined),
    });
  }

  /** Loads the session, as middleware does before a slow handler runs. Repeated calls do nothing. */
  async load(): Promise<void> {
    await this.#request.load();
  }

  /** Runs the handler with this action, and commits the session, as every adapter does. */
  async runHandler(act: HandlerAction): Promise<SiteResponse> {
    const headers = new Headers();
    let error: ErrorCode | null = null;
    const onError = (thrown: unknown) => {
      if (!(thrown instanceof CoatcheckError)) throw thrown;
      error = thrown.code;
    };
    const session = await this.#request.load();
    await performAction(session, act).catch(onError);
    try {
      await this.#request.commit(headers);
    } catch (thrown) {
      onError(thrown);
      return { error, cookie: undefined, subject: session.subject };
    }
    return { error, cookie: findCookie(headers), subject: session.subject };
  }
}

async function performAction(session: Session<SiteData>, act: HandlerAction): Promise<void> {
  switch (act.do) {
    case "login":
      return await session.authenticate(act.subject);
    case "elevate":
      return await session.elevate(ELEVATION_SCOPE, 60 * MINUTE);
    case "rotate":
      return await session.rotate();
    case "write":
      session.data[act.name] = act.value;
      return;
    case "logout":
      await session.revoke();
      return;
    case "read":
  }
}

function findCookie(headers: Headers): string | null | undefined {
  const value = headers.getSetCookie().at(-1)?.split(/[=;]/, 2)[1];
  return value === "" ? null : value;
}

/** A server with a session manager and a clock that the test controls. */
export class Site {
  now: number;
  readonly manager: SessionManager<SiteData>;
  readonly #store: SessionStore;
  readonly #options: SiteOptions;
  readonly #http: HttpSessions<SiteData>;
  /** A manager that cannot revoke sessions. Tests use it to open a token without changing the site. */
  readonly #observer: SessionManager<SiteData>;

  constructor(options: SiteOptions, store = memoryStore(), now = Date.UTC(2026, 0, 1), seed = 1) {
    this.now = now;
    this.#options = options;
    this.#store = store;
    const clock = { now: () => this.now };
    const schedule = (_delay: number, task: () => void) => {
      queueMicrotask(task);
      return () => {};
    };
    const policy = { rotateEvery: options.rotateEvery, tokenOverlap: TOKEN_OVERLAP };
    const cacheOptions = { store, clock, singleProcess: true, monotonic: () => this.now };
    const common = { secrets: SITE_SECRETS, policy, clock, schedule, random: seededRandom(seed) };
    const cache = options.hasCache ? { cache: createCache(cacheOptions) } : {};
    this.manager = new SessionManager<SiteData>({ ...common, ...cache, store });
    this.#http = new HttpSessions(this.manager, { csrf: false });
    const readOnly: SessionStore = { ...store, revoke: async () => 0 };
    this.#observer = new SessionManager<SiteData>({ ...common, store: readOnly });
  }

  /** Sends a request. */
  send(cookie: string | null): Exchange {
    return new Exchange(this.#http, cookie);
  }

  /** Returns the session that a token opens now, or null if the token is refused. */
  async openToken(token: string): Promise<Session<SiteData> | null> {
    const found = await this.#observer.resume(token, "none");
    return found instanceof Session ? found : null;
  }

  async records(): Promise<readonly SessionRecord[]> {
    return (await this.#store.list({}, { limit: 1000 })).records;
  }

  /**
   * Returns a copy of this site that contains only the session of `token`. Requests to the copy do not affect this
   * site.
   */
  async copyWithSession(token: string | null): Promise<Site> {
    const store = memoryStore();
    const found = token === null ? null : await this.#store.get(idOfToken(token));
    if (found) await store.put(found.record, { expectedVersion: 0, change: "data" });
    // If the copy had the seed of this site, it would generate ids and secrets that already exist.
    return new Site(this.#options, store, this.now, COPY_SEED);
  }

  async close(): Promise<void> {
    await this.manager.close();
  }
}

/** Generates the same random bytes in every run (Mulberry32). */
function seededRandom(seed: number): RandomSource {
  let state = seed;
  return (bytes) => {
    for (let index = 0; index < bytes.length; index++) {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      bytes[index] = (mixed ^ (mixed >>> 14)) >>> 24;
    }
  };
}
