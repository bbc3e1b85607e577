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
import { type Deed, joinTabs } from "./tabs.ts";
import type { LoginBody, SessionView } from "./wire.ts";

/** How long the answer of the tab that held the lock may be on its way to this one, milliseconds. */
const ADOPTION_GRACE = 100;

/** Makes one manager: one per page in a browser, one per request on a server. Fetches nothing by itself. */
export function createSessionManager<User = unknown>(
  options: SessionManagerOptions<User> = {},
): SessionManager<User> {
  const {
    baseUrl = "/session",
    csrf: names,
    allowOrigins = [],
    timeout = 10_000,
    transport = (request) => fetch(request),
    clock = browserClock,
    // A server has channels and locks too, shared between all its users: only a page gets them.
    scope = globalThis.document ? globalThis : {},
    onSubjectChange = () => scope.location?.reload(),
    initialState,
    revalidate: { staleTime = 300_000, minGap = 5_000, focus = true, reconnect = true, crossTab = true } = {},
  } = options;
  /** What the tabs talk and take turns by: nothing, for a page that keeps to itself. */
  const common = crossTab ? scope : {};
  const locks = common.navigator?.locks;

  const disposal = new AbortController();
  const meter = createMeter();
  const { counts } = meter;
  const csrf = createCsrf(scope, names);
  const { $token, synchronize } = csrf;
  const cache = createCache<User>(clock.now, onSubjectChange);
  const { $session, $meta, note, known } = cache;

  const own = scope.location?.origin;
  const origins = new Set([own, attempt(() => new URL(baseUrl, own).origin), ...allowOrigins]);
  const send = createSender(csrf, meter, own, origins, transport, () => initializing.join());
  const call = createCall(baseUrl, timeout, meter, clock.now, send);
  const channel = `coatcheck:${baseUrl}`;
  const exclusive = (task: (waited: boolean) => Promise<void>) => exclusively(locks, channel, timeout, task);

  /** A generation of answers: what a newer one has aborted no longer counts, however late it comes. */
  let generation = new AbortController();
  /** The changes under way, one after the other. */
  let turn: Promise<unknown> = Promise.resolve();
  let askedAt = 0;
  /** How the user last signed out: what the server is still to hear, while `$meta` says so. */
  let unfinished: LogoutOptions = {};
  let silence: (() => void) | undefined;

  function supersede(): void {
    generation.abort();
    generation = new AbortController();
    asking.leave();
  }

  /** Takes an answer over, and what the user did that it is about; what another tab told at `heardAt` is not told again. */
  function confirm(view: SessionView<User>, deed: Deed = {}, heardAt?: number): void {
    const at = heardAt ?? clock.now();
    csrf.update(view.csrf_token);
    supersede();
    if (!cache.apply(view, at, deed)) return;
    unfinished = deed.signOut ?? unfinished;
    if (!heardAt) post({ view, at, deed });
    // When the session's time is up, the server is asked, and not the clock.
    wake(cache.expiresIn() ?? Infinity);
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
    const wait = minGap - cache.age(askedAt) + 1000 * (error?.retryAfter ?? 0);
    if (signOut) leaving.join().catch(() => {});
    else if (allowed && !offline && cache.age() >= staleTime) {
      if (wait > 0) wake(wait);
      else asking.join();
    }
  }

  /** Only the server's own word ends a session: no answer, an HTML page, a 500 leave what is known as it is. */
  function fail(error: SessionError): void {
    if (error.code.startsWith("SESSION_"))
      confirm(nobody(error.code === "SESSION_REVOKED" ? "revoked" : "expired"));
    else cache.expire({ error });
  }

  /** The one place that asks "who am I?". Never rejects: how it went is in `$session` and `$meta`. */
  const asking = singleFlight(
    async () => {
      const { signal } = generation;
      await turn;
      await exclusive(async (waited) => {
        if (waited && !signal.aborted)
          await new Promise<void>((done) => void clock.schedule(ADOPTION_GRACE, done));
        if (signal.aborted) return;
        askedAt = clock.now();
        note({ fetching: true });
        counts.fetches++;
        await call<SessionView<User>>("GET", "", undefined, signal).then(
          (view) => signal.aborted || confirm(view),
          (error: SessionError) => signal.aborted || fail(error),
        );
        note({ fetching: false });
      });
    },
    () => counts.deduped++,
  );
  const initializing = singleFlight(() => {
    const before = $token.get();
    return exclusive(async () => {
      synchronize();
      // Another tab may have been here while this one waited.
      if ($token.get() === before) confirm(await call<SessionView<User>>("POST", "/init"));
    }).then(
      () => true,
      () => false,
    );
  });

  /** Changes wait for one another, and questions for them. */
  function change<T>(work: () => Promise<T>): Promise<T> {
    const run = turn.then(work);
    turn = run.catch(() => {});
    return run;
  }

  const become = (path: string, body?: unknown) =>
    change(async () => {
      const view = await call<SessionView<User>>("POST", path, body);
      cache.forget();
      // A page that migrates whatever it finds has asked nobody: that undoes no sign-out of another tab.
      confirm(view, { login: !!body });
      return known();
    });

  /** Tells the server of a sign-out: first the other tabs, so that none of them sends a request for whoever has left. */
  const leaving = singleFlight(() =>
    change(async () => {
      note({ signOut: "pending" });
      if (unfinished.optimistic !== false) confirm(nobody("signed-out"), { signOut: unfinished });
      await call("DELETE", unfinished.everywhere ? "?everywhere" : "").catch((error) => {
        note({ signOut: "failed" });
        throw error;
      });
      confirm(nobody("signed-out"));
    }),
  );

  const post = joinTabs<User>(
    common,
    channel,
    ({ view, at, deed }) => {
      counts.crossTabAdoptions++;
      confirm(view, deed, at);
    },
    disposal.signal,
  );
  note({ offline: scope.navigator?.onLine === false });
  if (initialState) confirm(initialState);
  synchronize();
  watchPage(
    scope,
    {
      visibilitychange() {
        synchronize();
        if (scope.document?.visibilityState === "visible") trigger(focus);
      },
      pageshow({ persisted }) {
        if (!persisted) return;
        supersede();
        cache.hide();
        asking.join();
      },
      online() {
        note({ offline: false });
        trigger(reconnect);
      },
      offline: () => cache.expire({ offline: true }),
    },
    disposal.signal,
  );

  return {
    $session,
    $meta,
    $csrfToken: $token,
    locks,
    devices: createDevices(call, asking.join),
    async getSession({ fresh } = {}) {
      if (fresh || cache.age() >= staleTime) {
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
    logout(how = {}) {
      unfinished = how;
      leaving.leave();
      return leaving.join();
    },
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
      // The cookie would speak for whoever has left.
      if ($meta.get().signOut) await leaving.join();
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
