import { createCall } from "./api.ts";
import { createCache } from "./cache.ts";
import { browserClock } from "./clock.ts";
import { createCsrf } from "./csrf.ts";
import { createDevices } from "./devices.ts";
import type { SessionError } from "./error.ts";
import { singleFlight } from "./flight.ts";
import { exclusively } from "./lock.ts";
import type { LogoutOptions, SessionManager } from "./manager.ts";
import { createMeter } from "./metrics.ts";
import type { SessionManagerOptions } from "./options.ts";
import { watchPage } from "./page.ts";
import { attempt } from "./scope.ts";
import { createSender } from "./sender.ts";
import { nobody } from "./state.ts";
import { joinTabs } from "./tabs.ts";
import type { LoginBody, SessionView } from "./wire.ts";

/** How long the answer of the tab that held the lock may be on its way to this one, milliseconds. */
const ADOPTION_GRACE = 100;

/** Makes one manager: one per page in a browser, one per request on a server. Fetches nothing by itself. */
export function createSessionManager<User = unknown>(
  options: SessionManagerOptions<User> = {},
): SessionManager<User> {
  const {
    baseUrl = "/session",
    csrf: names = { cookie: "csrf_token", header: "x-csrf-token" },
    allowOrigins = [],
    timeout = 10_000,
    transport = (request) => fetch(request),
    clock = browserClock,
    // A server has channels and locks too, shared between all its users: only a page gets them.
    scope = globalThis.document ? globalThis : {},
    onSubjectChange = () => scope.location?.reload(),
    initialState,
    revalidate,
  } = options;
  const rules = {
    staleTime: 300_000,
    minGap: 5_000,
    focus: true,
    reconnect: true,
    crossTab: true,
    ...revalidate,
  };
  const { document, location, navigator } = scope;

  const disposal = new AbortController();
  const meter = createMeter();
  const { counts } = meter;
  const csrf = createCsrf(scope, names);
  const { $token, synchronize } = csrf;
  const cache = createCache<User>(clock.now);
  const { $session, $meta, note, known } = cache;

  const own = location?.origin;
  const origins = new Set([own, attempt(() => new URL(baseUrl, own).origin), ...allowOrigins]);
  const send = createSender(csrf, meter, own, origins, transport, () => initializing.join());
  const call = createCall(baseUrl, timeout, meter, clock.now, send);
  const channel = `coatcheck:${baseUrl}`;
  const exclusive = (task: (waited: boolean) => Promise<void>) =>
    exclusively(rules.crossTab && navigator?.locks, channel, timeout, task);

  /** A generation of answers: what a newer one has aborted no longer counts, however late it comes. */
  let generation = new AbortController();
  /** The changes under way, one after the other. */
  let turn: Promise<unknown> = Promise.resolve();
  let askedAt = 0;
  let confirmations = 0;
  let unfinished: LogoutOptions | undefined;
  let silence: (() => void) | undefined;

  function supersede(): void {
    generation.abort();
    generation = new AbortController();
    asking.leave();
  }

  /** Takes an answer over; one that another tab had at `heardAt` is not told again. */
  function confirm(view: SessionView<User>, heardAt?: number): void {
    const at = heardAt ?? clock.now();
    const before = known()?.subject;
    csrf.update(view.csrf_token);
    supersede();
    if (!cache.apply(view, at)) return;
    confirmations++;
    if (!heardAt && post) post({ view, at });
    // When the session's time is up, the server is asked, and not the clock.
    wake(cache.expiresIn() ?? Infinity);
    const after = known()?.subject;
    if (before && after && before !== after) onSubjectChange();
  }

  function wake(delay: number): void {
    silence?.();
    // Browsers run a later timer at once.
    if (delay < 2 ** 31)
      silence = clock.schedule(delay, () => {
        cache.expire();
        trigger(true);
      });
  }

  /** Asks, if there is reason to; a reason that comes too soon after the last question waits. */
  function trigger(allowed: boolean): void {
    const { offline, signOut, error } = $meta.get();
    const wait = rules.minGap - cache.age(askedAt) + 1000 * (error?.retryAfter ?? 0);
    if (signOut === "failed") logout(unfinished).catch(() => {});
    else if (allowed && !offline && cache.age() >= rules.staleTime) {
      if (wait > 0) wake(wait);
      else asking.join();
    }
  }

  /** The one place that asks "who am I?". Never rejects: how it went is in `$session` and `$meta`. */
  async function ask(): Promise<void> {
    const before = confirmations;
    await turn;
    await exclusive(async (waited) => {
      if (waited && confirmations === before)
        await new Promise<void>((done) => void clock.schedule(ADOPTION_GRACE, done));
      if (confirmations > before) return;
      const { signal } = generation;
      askedAt = clock.now();
      note({ fetching: true });
      counts.fetches++;
      await call<SessionView<User>>("GET", "", undefined, signal).then(
        (view) => signal.aborted || confirm(view),
        (error: SessionError) => signal.aborted || fail(error),
      );
      note({ fetching: false });
    });
  }

  /** Only the server's own word ends a session: no answer, an HTML page, a 500 leave what is known as it is. */
  function fail(error: SessionError): void {
    if (error.code.startsWith("SESSION_"))
      confirm(nobody(error.code === "SESSION_REVOKED" ? "revoked" : "expired"));
    else cache.expire({ error });
  }

  function init(): Promise<boolean> {
    const before = $token.get();
    return exclusive(async () => {
      synchronize();
      // Another tab may have been here while this one waited.
      if ($token.get() === before) confirm(await call<SessionView<User>>("POST", "/init"));
    }).then(
      () => true,
      () => false,
    );
  }

  const asking = singleFlight(ask, () => counts.deduped++);
  const initializing = singleFlight(init);

  /** Changes wait for one another, and questions for them; answers to earlier questions no longer count. */
  function change<T>(work: () => Promise<T>): Promise<T> {
    const run = turn.then(() => {
      supersede();
      return work();
    });
    turn = run.catch(() => {});
    return run;
  }

  const become = (path: string, body?: unknown) =>
    change(async () => {
      const view = await call<SessionView<User>>("POST", path, body);
      cache.forget();
      confirm(view);
      return known();
    });

  const logout = (how: LogoutOptions = {}): Promise<void> =>
    change(async () => {
      if (how.optimistic !== false) confirm(nobody("signed-out"));
      unfinished = how;
      note({ signOut: "pending" });
      await call("DELETE", how.everywhere ? "?everywhere" : "").catch((error) => {
        note({ signOut: "failed" });
        throw error;
      });
      confirm(nobody("signed-out"));
    });

  const post =
    rules.crossTab &&
    joinTabs<User>(
      scope,
      channel,
      ({ view, at }) => {
        counts.crossTabAdoptions++;
        confirm(view, at);
      },
      disposal.signal,
    );
  note({ offline: navigator?.onLine === false });
  if (initialState) confirm(initialState);
  synchronize();
  watchPage(
    scope,
    {
      visibilitychange() {
        synchronize();
        if (document?.visibilityState === "visible") trigger(rules.focus);
      },
      pageshow({ persisted }) {
        if (!persisted) return;
        supersede();
        cache.hide();
        asking.join();
      },
      online() {
        note({ offline: false });
        trigger(rules.reconnect);
      },
      offline: () => cache.expire({ offline: true }),
    },
    disposal.signal,
  );

  return {
    $session,
    $meta,
    $csrfToken: $token,
    devices: createDevices(call, asking.join),
    async getSession({ fresh } = {}) {
      if (fresh || cache.age() >= rules.staleTime) {
        counts.misses++;
        await asking.join();
        const { error } = $meta.get();
        if (error) {
          if ($session.get().status === "pending") throw error;
          counts.staleServes++;
        }
      } else counts.hits++;
      return known();
    },
    createSession: (first: string | LoginBody, password?: string) =>
      become("", password === undefined ? first : { email: first, password }),
    logout,
    elevate: (body) => become("/elevate", body),
    migrateLegacySession: () => become("/migrate"),
    extend: () => change(async () => confirm(await call("GET", "?touch"))),
    clearCache: () => cache.expire(),
    hydrate: confirm,
    expiresIn: cache.expiresIn,
    synchronizeTokenFromCookie: synchronize,
    updateCsrfTokenFromServer: csrf.update,
    initSession: initializing.join,
    createCsrfErrorListener: csrf.listen,
    async fetch(input, init) {
      const { response, told } = await send(new Request(input, init));
      if (response.status === 401 && told) asking.join();
      return response;
    },
    getMetrics: meter.read,
    dispose() {
      disposal.abort();
      supersede();
      silence?.();
    },
  };
}
