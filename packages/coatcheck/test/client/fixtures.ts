import { onTestFinished } from "vitest";
import {
  type ClientClock,
  createSessionClient,
  type Scope,
  type SessionClient,
  type SessionClientOptions,
  type SessionView,
} from "../../src/client/index.ts";

export const SITE_ORIGIN = "https://shop.test";
export const BASE_URL = `${SITE_ORIGIN}/session`;

export interface User {
  readonly name: string;
}

/** A clock that moves only when a test advances it. */
export class TestClock implements ClientClock {
  #now = 1_000_000;
  #tasks = new Set<{ at: number; task: () => void }>();

  now = () => this.#now;

  schedule(delay: number, task: () => void): () => void {
    const entry = { at: this.#now + delay, task };
    this.#tasks.add(entry);
    return () => this.#tasks.delete(entry);
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
    for (const entry of [...this.#tasks].sort((left, right) => left.at - right.at)) {
      if (entry.at > this.#now || !this.#tasks.delete(entry)) continue;
      entry.task();
    }
  }

  /** Changes the time without running timers, as if the user had set the machine's clock. */
  set(milliseconds: number): void {
    this.#now = milliseconds;
  }
}

let rev = 1;

/** Creates a view with a session. The session is anonymous if `user` is null. */
export function sessionView(
  id: string,
  user: User | null = { name: "Ada" },
  change: { readonly expiresInMs?: number; readonly rev?: number; readonly token?: string } = {},
): SessionView<User> {
  const { expiresInMs = 3_600_000, token = "token-1" } = change;
  const session = {
    id,
    type: user ? ("authenticated" as const) : ("anonymous" as const),
    subject: user?.name ?? null,
    tenant: null,
    createdAt: "2026-01-01T00:00:00.000Z",
    expiresAt: "2026-01-02T00:00:00.000Z",
    expiresInMs,
    idleExpiresInMs: 7_200_000,
    version: 1,
  };
  const common = { session, rev: change.rev ?? rev++, csrf_token: token };
  return user ? { status: "authenticated", user, ...common } : { status: "anonymous", user, ...common };
}

export const noSession: SessionView<User> = {
  status: "none",
  session: null,
  user: null,
  rev: 0,
  csrf_token: null,
};

export const successResponse = (data: unknown, headers: Record<string, string> = {}) =>
  Response.json({ success: true, data }, { headers });

export const failureResponse = (status: number, code: string, headers: Record<string, string> = {}) =>
  Response.json({ success: false, error: { code, message: `Failed with ${code}.` } }, { status, headers });

/** A copy of a sent request, made before its body was read. */
export interface RecordedRequest {
  readonly line: string;
  readonly token: string | null;
  readonly request: Request;
}

type RequestHandler = (request: Request) => Response | Promise<Response>;

/** A fake network. It calls the handler of `METHOD path` for each request, or fails if there is no handler. It records
 * every request. */
export class Network {
  readonly requests: RecordedRequest[] = [];
  #handlers = new Map<string, RequestHandler>();

  on(line: string, handler: RequestHandler): this {
    this.#handlers.set(line, handler);
    return this;
  }

  count(line: string): number {
    return this.requests.filter((request) => request.line === line).length;
  }

  send = async (request: Request): Promise<Response> => {
    const { pathname, search, origin } = new URL(request.url);
    const line = `${request.method} ${origin === SITE_ORIGIN ? "" : origin}${pathname}${search}`;
    this.requests.push({
      line,
      token: request.headers.get("x-csrf-token"),
      request: request.clone(),
    });
    const handler = this.#handlers.get(line);
    if (!handler) throw new TypeError("Failed to fetch");
    return handler(request);
  };
}

/** A fake page with events, browser functions and a cookie jar, which pages of one browser can share. */
export class Page {
  readonly window = new EventTarget();
  readonly jar: { cookie: string };
  reloads = 0;
  visible = true;

  constructor(jar = { cookie: "" }) {
    this.jar = jar;
  }

  get scope(): Scope {
    const page = this;
    return {
      document: {
        get cookie() {
          return page.jar.cookie;
        },
        get visibilityState() {
          return page.visible ? "visible" : "hidden";
        },
      },
      location: { origin: SITE_ORIGIN, reload: () => void page.reloads++ },
      navigator: { onLine: true, locks: navigator.locks },
      BroadcastChannel,
      addEventListener: page.window.addEventListener.bind(page.window),
    };
  }

  dispatch(type: string, properties: object = {}): void {
    this.window.dispatchEvent(Object.assign(new Event(type), properties));
  }

  show(): void {
    this.visible = true;
    this.dispatch("visibilitychange");
  }
}

let bases = 0;

/** Creates a client on a page. The client is disposed of when the test ends. */
export function openClient(
  network: Network,
  options: SessionClientOptions<User> & { readonly page?: Page } = {},
): SessionClient<User> {
  const { page = new Page(), ...rest } = options;
  const client = createSessionClient<User>({
    baseUrl: BASE_URL,
    transport: network.send,
    scope: page.scope,
    ...rest,
  });
  onTestFinished(() => client.dispose());
  return client;
}

/** Returns a base URL that no other test uses, so that tabs of different tests share no channel and no lock. */
export const createUniqueBaseUrl = () => `${SITE_ORIGIN}/session-${++bases}`;

/** Resolves to the first value of `store` that `isWanted` accepts. */
export function untilValue<Value>(
  store: { subscribe(listener: (value: Value) => void): () => void },
  isWanted: (value: Value) => boolean,
): Promise<Value> {
  return new Promise((resolve) => {
    let stop: (() => void) | undefined;
    stop = store.subscribe((value) => {
      if (!isWanted(value)) return;
      queueMicrotask(() => stop?.());
      resolve(value);
    });
  });
}

/** Creates a promise with its `resolve` and `reject` functions. */
export function createDeferred<Value = void>() {
  return Promise.withResolvers<Value>();
}

/** Waits until the callbacks of settled promises, channel messages and granted locks have run. */
export const untilHandled = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
