/**
 * Sessions for Next.js 16: route handlers, server actions, server components and the proxy.
 *
 * @example
 * // lib/sessions.ts
 * import { SessionManager } from "coatcheck";
 * import { coatcheck } from "coatcheck/next";
 * import { sqliteStore } from "coatcheck/store/sqlite";
 *
 * export const { withServerSession, withSessionAction, getServerSessionState, requireSubject } = coatcheck(
 *   async () => new SessionManager({ store: await sqliteStore({ path: "sessions.db" }), secrets: ["a long secret of your own"] }),
 *   { signIn: "/login" },
 * );
 *
 * // app/api/me/route.ts
 * export const GET = withServerSession(async (request, response) => {
 *   if (!request.session) return response.status(401).json({ error: "Unauthorized" });
 *   return response.json({ user: request.session.user });
 * });
 *
 * @module
 */
import { headers } from "next/headers.js";
import type { JsonObject } from "../../session/json.ts";
import type { SessionManager } from "../../session/manager.ts";
import type { MaybePromise } from "../../session/maybe-promise.ts";
import type { Session } from "../../session/session.ts";
import { createWithSessionAction } from "./action.ts";
import { type NextOptions, separateOptions } from "./options.ts";
import { createPageReaders, type PageReaders } from "./page.ts";
import { type ClosableVisits, type OpenManager, ProcessSessions } from "./process-sessions.ts";
import { PROXY_HEADER, type ProxyOptions, readProxyHeader, sessionProxy } from "./proxy.ts";
import { createWithRequestSession, createWithServerSession } from "./route-handler.ts";

export type { RequestSession } from "../request-session.ts";
export type { SessionAction } from "./action.ts";
export type { NextOptions } from "./options.ts";
export type { PendingView } from "./page.ts";
export type { PageLogin, PageSession } from "./page-session.ts";
export type { ClosableVisits, OpenManager } from "./process-sessions.ts";
export type { ProxyOptions, ProxySession } from "./proxy.ts";
export { redirectTarget } from "./redirect-target.ts";
export type {
  ResponseBuilder,
  ServerSession,
  ServerSessionHandler,
  SessionRequest,
} from "./route-handler.ts";

/** The functions that {@link coatcheck} returns. */
export interface NextSessions<User, Data, Visits extends ClosableVisits = ClosableVisits>
  extends PageReaders<User, Data> {
  /**
   * Wraps a route handler. `request.session` is the login, or null; `request.requestSession` is the handle for
   * everything else. Runs the CSRF checks before the handler, and commits before the response is sent, even if
   * `redirect()` ends the handler. Responds to a `CoatcheckError` with its status and JSON.
   *
   * @example
   * export const GET = withServerSession(async (request, response) => {
   *   if (!request.session) return response.status(401).json({ error: "Unauthorized" });
   *   return response.json({ tenantId: request.session.user.tenantId });
   * });
   */
  readonly withServerSession: ReturnType<typeof createWithServerSession<User, Data>>;
  /**
   * Wraps a route handler that loads the session itself, or not at all. Its second argument is the session handle. Like
   * `withServerSession` in all other respects.
   *
   * @example
   * export const POST = withRequestSession(async (request, session) => {
   *   await (await session.load()).authenticate((await checkPassword(await request.json())).id);
   *   return Response.json({ success: true });
   * });
   */
  readonly withRequestSession: ReturnType<typeof createWithRequestSession<Data>>;
  /**
   * Wraps a server action, whose first argument becomes the session handle. Rejects requests from other sites, more
   * strictly than Next.js itself. Sets the cookie and commits before `redirect()` ends the action.
   *
   * @example
   * export const rename = withSessionAction(async (session, form: FormData) => {
   *   const { subject } = await session.requireSubject();
   *   await database.rename(subject, String(form.get("name")));
   *   revalidatePath("/", "layout");
   * });
   */
  readonly withSessionAction: ReturnType<typeof createWithSessionAction<Data>>;
  /** Returns the function for `proxy.ts`. A proxy is optional; do not rely on it for access control. */
  sessionProxy(options?: ProxyOptions): ReturnType<typeof sessionProxy<Data>>;
  /**
   * Returns the result of `sessionProxy({ check: "session" })`, for logs; null without such a proxy. Pages must check
   * the session themselves.
   */
  proxySession(): Promise<{ readonly id: string; readonly subject: string | null } | null>;
  /** Returns the manager of this process. The first call opens the manager. */
  manager(): Promise<SessionManager<Data>>;
  /** Returns the visits of this process; null without the option `visits`. The first call opens them. */
  visits(): Promise<Visits | null>;
  /** Writes pending changes and events, and closes the store and the visits. Call it when the process ends. */
  close(): Promise<void>;
  /** The option `user` or its default, for the session endpoints of `coatcheck/routes/next`. */
  readonly user: (subject: string) => MaybePromise<User | null>;
}

/**
 * Returns the functions with which a Next.js application uses its sessions. Call `coatcheck` once, in a separate
 * module.
 *
 * @param open opens the manager. Called at the first request, once per process, although Next.js loads the module
 *   several times. It is not called by `next build`.
 * @throws UsageError for an unknown option, and without `open`.
 */
export function coatcheck<
  User = { readonly id: string },
  Data = JsonObject,
  Visits extends ClosableVisits = ClosableVisits,
>(open: OpenManager<Data>, options: NextOptions<User, Visits> = {}): NextSessions<User, Data, Visits> {
  const { http, own } = separateOptions(options);
  const sessions = new ProcessSessions({ open, openVisits: own.visits, http, name: own.name ?? "default" });
  const user = own.user ?? ((subject: string) => ({ id: subject }) as User);
  const userOf = ({ subject }: Session<Data>) => (subject === null ? null : user(subject));
  return {
    ...createPageReaders({ sessions, user: userOf, signIn: own.signIn }),
    withServerSession: createWithServerSession(sessions, userOf),
    withRequestSession: createWithRequestSession(sessions),
    withSessionAction: createWithSessionAction(sessions, own),
    sessionProxy: (proxyOptions) => sessionProxy(sessions, proxyOptions),
    proxySession: async () => {
      const received = await headers();
      return readProxyHeader((await sessions.get()).pageSessions, received.get(PROXY_HEADER));
    },
    manager: async () => (await sessions.get()).manager,
    visits: async () => (await sessions.get()).visits as Visits | null,
    close: () => sessions.close(),
    user,
  };
}
