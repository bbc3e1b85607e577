import type { LoginBody, SessionView } from "../wire.ts";
import { createEndpointCall } from "./api.ts";
import type { ApplyView } from "./apply-view.ts";
import { browserClock } from "./clock.ts";
import { createCsrfTokenCache } from "./csrf.ts";
import { createDevices } from "./devices.ts";
import { createInitSession } from "./init-session.ts";
import { createExclusiveRunner } from "./lock.ts";
import { createMeter } from "./metrics.ts";
import type { SessionClientOptions } from "./options.ts";
import { createQueue } from "./queue.ts";
import { createRefresh } from "./refresh.ts";
import { requireClientOptions } from "./require-options.ts";
import { createSender } from "./sender.ts";
import type { SessionClient } from "./session-client.ts";
import { createSignOut } from "./sign-out.ts";
import { connectTabs } from "./tabs.ts";
import { createTriggers } from "./triggers.ts";
import { createViewCache } from "./view-cache.ts";

/**
 * Creates a session client. A client holds one user's session: create one client for each page in a browser, and one
 * for each request on a server. A client sends no request until one of its methods is called.
 */
export function createSessionClient<User = unknown>(
  options: SessionClientOptions<User> = {},
): SessionClient<User> {
  if (process.env.NODE_ENV !== "production") requireClientOptions(options);
  const parts = createParts(options);
  const { call, send, cache, csrf, enqueue, applyView, refresh, signOut } = parts;

  const login = (path: string, body?: unknown) =>
    enqueue(async () => {
      const view = await call<SessionView<User>>("POST", path, body);
      cache.forgetSubject();
      // Only a request with a body is a login. A migration has no body. It must not count as a login, because it would
      // restore a session that another tab has ended.
      applyView(view, { login: !!body });
      return cache.session();
    });

  return {
    $session: cache.$session,
    $meta: cache.$meta,
    $csrfToken: csrf.$token,
    locks: parts.locks,
    devices: createDevices(call, refresh.join),
    getSession: refresh.read,
    createSession: (first: string | LoginBody, password?: string) =>
      login("", password === undefined ? first : { email: first, password }),
    logout: signOut.start,
    elevate: (body) => login("/elevate", body),
    migrateLegacySession: () => login("/migrate"),
    extend: () => enqueue(async () => applyView(await call("GET", "?touch"))),
    clearCache: () => cache.expire(),
    hydrate: applyView,
    expiresIn: cache.expiresIn,
    synchronizeTokenFromCookie: csrf.synchronize,
    updateCsrfTokenFromServer: csrf.update,
    initSession: parts.initSession,
    createCsrfErrorListener: csrf.listen,
    async fetch(input, init) {
      // Finish a pending or failed sign-out first, because until then the cookie authenticates the signed-out user.
      if (cache.$meta.get().signOut) await signOut.resume();
      const { response, body } = await send(new Request(input, init));
      if (response.status === 401 && body) refresh.join();
      // Another response has replaced the cookie. Do not repeat the request, because the application's handler may have
      // run. Wait for the newer cookie instead, so that the caller can repeat the request.
      if (body?.error?.code === "CONFLICT") await refresh.join();
      return response;
    },
    getMetrics: parts.meter.getMetrics,
    dispose() {
      parts.disposal.abort();
      refresh.cancel();
      parts.scheduleCheck(Infinity);
    },
  };
}

/** Creates the parts of one client and connects them. */
function createParts<User>(options: SessionClientOptions<User>) {
  // An option that only one part uses gets its default there.
  const {
    baseUrl = "/session",
    csrf: names,
    initialState,
    debug: log,
    timeout = 10_000,
    clock = browserClock,
    // Node has channels and locks too, but all users of a server would share them. So only a page uses them.
    scope = globalThis.document ? globalThis : {},
    onSubjectChange = () => scope.location?.reload(),
    revalidate: { crossTab = true, staleTime = 300_000, ...revalidate } = {},
  } = options;
  /** The browser's channel and locks, which connect this page with other tabs. Empty with `crossTab: false`. */
  const shared = crossTab ? scope : {};
  const locks = shared.navigator?.locks;
  const channel = `coatcheck:${baseUrl}`;
  const cache = createViewCache<User>(clock.now, onSubjectChange);
  const debug = log === true ? console.debug : log || (() => {});
  const csrf = createCsrfTokenCache(scope, debug, names);
  const meter = createMeter();
  const disposal = new AbortController();
  const core = {
    baseUrl,
    timeout,
    scope,
    clock,
    debug,
    cache,
    staleTime,
    runAlone: createExclusiveRunner(locks, channel, timeout),
    csrf,
    meter,
    enqueue: createQueue(),
    disposal,
  };
  const send = createSender({ ...options, ...core, initSession: () => initSession() });
  const applyView: ApplyView<User> = (view, action = {}, receivedAt) => {
    const at = receivedAt ?? clock.now();
    if (receivedAt) meter.counts.crossTabAdoptions++;
    csrf.update(view.csrf_token, "view");
    refresh.cancel();
    const isApplied = cache.apply(view, at, action);
    debug(isApplied ? "view-applied" : "view-ignored", receivedAt ? "tab" : "page");
    if (!isApplied) return;
    signOut.remember(action.signOut);
    if (!receivedAt) post({ view, at, action });
    // Request the session when its time is over: requests of other pages may have extended it.
    scheduleCheck(cache.expiresIn() ?? Infinity);
  };
  const connected = { ...core, send, applyView, call: createEndpointCall({ ...core, send }) };
  const refresh = createRefresh({ ...connected, scheduleCheck: () => scheduleCheck() });
  const signOut = createSignOut(connected);
  const initSession = createInitSession(connected);
  const scheduleCheck = createTriggers({ ...connected, ...revalidate, refresh, signOut });
  const post = connectTabs(shared, channel, applyView, disposal.signal);

  if (initialState) applyView(initialState);
  csrf.synchronize();
  return { ...connected, locks, refresh, signOut, initSession, scheduleCheck };
}
