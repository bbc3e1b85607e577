import { Hono } from "hono";
import { createCache } from "../../src/cache/index.ts";
import type { SharedTier } from "../../src/cache/shared/tier.ts";
import { coatcheck, type SessionEnv, sessionErrors } from "../../src/http/hono.ts";
import { SessionManager } from "../../src/session/manager.ts";
import type { SessionStore } from "../../src/session/store.ts";

/** The data of a session. Each write adds one member. */
type UserData = Record<string, true>;

interface User {
  readonly id: string;
  readonly cookie: string;
  /** The names of the data members whose writes the application has acknowledged. */
  readonly acknowledged: string[];
  isBusy: boolean;
}

/** Results of a load run. Durations are in milliseconds. */
export interface LoadReport {
  readonly requests: number;
  readonly perSecond: number;
  /** Number of responses with status 503. */
  readonly unavailable: number;
  /** Time from the first to the last response with status 503. */
  readonly outageDuration: number;
  /** Number of responses that treat a logged-in user as another user or as anonymous, or that clear the cookie. */
  readonly loggedOut: number;
  /** Number of acknowledged writes that are missing at the end. */
  readonly lostWrites: number;
  /** Number of users who are still logged in at the end, although the application acknowledged their logout. */
  readonly lostLogouts: number;
}

/** Generates requests of logged-in users to an application. */
export interface Load {
  /** Sends 200 requests per second: reads, writes, and one logout in twenty requests. */
  start(): void;
  /** Resolves once `count` requests in a row have succeeded. */
  untilHealthy(count?: number): Promise<void>;
  /** Stops sending requests, and compares the stored sessions with the acknowledged writes and logouts. */
  stop(): Promise<LoadReport>;
  close(): Promise<void>;
}

const USER_COUNT = 50;
const LOGOUT_USER_COUNT = 60;
/** Milliseconds between two requests. */
const REQUEST_INTERVAL = 5;

/** Starts an application with this store and with caches as in production, and logs the users in. */
export async function openLoad(store: SessionStore, shared?: SharedTier): Promise<Load> {
  const cache = createCache({ store, ...(shared ? { shared } : {}) });
  const manager = new SessionManager<UserData>({ store, cache, secrets: ["a secret for these tests"] });
  const app = new Hono<SessionEnv<UserData>>();
  app.use(coatcheck(manager, { cookie: { secure: false } }));
  app.onError(sessionErrors());
  app.get("/", async (c) => c.text((await c.get("session").load()).subject ?? "anonymous"));
  app.post("/", async (c) => {
    const session = await c.get("session").load();
    await session.patch({ [c.req.query("member") ?? ""]: true });
    return c.text(session.subject ?? "anonymous");
  });
  app.delete("/", async (c) => {
    const session = await c.get("session").load();
    const { subject } = session;
    await session.revoke();
    return c.text(subject ?? "anonymous");
  });
  const login = async () => {
    const { record, token } = await manager.create({ subject: "ada" });
    return { id: record.id, cookie: `sid=${token}`, acknowledged: [], isBusy: false };
  };
  const users = await Promise.all(Array.from({ length: USER_COUNT }, login));
  const usersToLogOut = await Promise.all(Array.from({ length: LOGOUT_USER_COUNT }, login));
  const run = new LoadRun({
    store,
    users,
    usersToLogOut,
    send: async (user, method, member) =>
      await app.request(`/?member=${member}`, { method, headers: { cookie: user.cookie } }),
  });
  return {
    start: () => run.start(),
    untilHealthy: (count = 50) => run.untilHealthy(count),
    stop: () => run.stop(),
    close: () => manager.close(),
  };
}

type Method = "GET" | "POST" | "DELETE";

interface LoadRunOptions {
  readonly store: SessionStore;
  readonly users: readonly User[];
  /** Users who log out during the run. */
  readonly usersToLogOut: User[];
  send(user: User, method: Method, member: string): Promise<Response>;
}

class LoadRun {
  readonly #options: LoadRunOptions;
  readonly #loggedOutUsers: User[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  readonly #seen = { requests: 0, failed: 0, loggedOut: 0, firstFailure: 0, lastFailure: 0 };
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #nextRequest = 0;
  #succeededInRow = 0;
  #onSuccess: () => void = () => {};

  constructor(options: LoadRunOptions) {
    this.#options = options;
  }

  start(): void {
    this.#startedAt = performance.now();
    this.#timer = setInterval(() => {
      // On a busy machine, the timer fires late. To keep the rate, send every request that is due.
      for (const due = (performance.now() - this.#startedAt) / REQUEST_INTERVAL; this.#nextRequest < due; )
        this.#sendNext();
    }, REQUEST_INTERVAL);
  }

  async untilHealthy(count: number): Promise<void> {
    this.#succeededInRow = 0;
    await new Promise<void>((resolve) => {
      this.#onSuccess = () => {
        if (this.#succeededInRow >= count) resolve();
      };
    });
  }

  async stop(): Promise<LoadReport> {
    clearInterval(this.#timer);
    const seconds = (performance.now() - this.#startedAt) / 1000;
    await Promise.all(this.#inFlight);
    const { users, store } = this.#options;
    let lostWrites = 0;
    for (const { id, acknowledged } of users) {
      const data = (await store.get(id))?.record.data ?? {};
      lostWrites += acknowledged.filter((member) => !(member in data)).length;
    }
    let lostLogouts = 0;
    for (const { id } of this.#loggedOutUsers) {
      if ((await store.get(id))?.record.state === "active") lostLogouts++;
    }
    const { requests, failed, loggedOut, firstFailure, lastFailure } = this.#seen;
    return {
      requests,
      perSecond: Math.round(requests / seconds),
      unavailable: failed,
      outageDuration: Math.round(lastFailure - firstFailure),
      loggedOut,
      lostWrites,
      lostLogouts,
    };
  }

  #sendNext(): void {
    const turn = this.#nextRequest++;
    const { users, usersToLogOut } = this.#options;
    const user = turn % 20 === 0 ? usersToLogOut.shift() : users[turn % users.length];
    if (!user || user.isBusy) return;
    const request = this.#request(user, turn % 20 === 0 ? "DELETE" : turn % 2 ? "POST" : "GET");
    this.#inFlight.add(request);
    void request.finally(() => this.#inFlight.delete(request));
  }

  async #request(user: User, method: Method): Promise<void> {
    user.isBusy = true;
    const member = `write-${this.#nextRequest}`;
    const response = await this.#options.send(user, method, member);
    user.isBusy = false;
    this.#seen.requests++;
    if (response.status === 503) {
      this.#succeededInRow = 0;
      this.#seen.failed++;
      this.#seen.lastFailure = performance.now();
      this.#seen.firstFailure ||= this.#seen.lastFailure;
      if (response.headers.getSetCookie().length > 0) this.#seen.loggedOut++;
      return;
    }
    if (method === "DELETE") this.#loggedOutUsers.push(user);
    else if (response.headers.getSetCookie().length > 0) this.#seen.loggedOut++;
    const text = await response.text();
    if (response.status !== 200 || text !== "ada") this.#seen.loggedOut++;
    if (method === "POST" && response.status === 200) user.acknowledged.push(member);
    this.#succeededInRow++;
    this.#onSuccess();
  }
}
