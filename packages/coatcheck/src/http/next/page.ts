import { redirect, unauthorized } from "next/dist/client/components/navigation.react-server.js";
import { cookies, headers } from "next/headers.js";
import { connection } from "next/server.js";
import { cache } from "react";
import { systemClock } from "../../session/clock.ts";
import type { MaybePromise } from "../../session/maybe-promise.ts";
import type { Session } from "../../session/session.ts";
import type { SessionView } from "../../wire.ts";
import { CsrfTokens } from "../csrf.ts";
import { isCoatcheckError } from "../error-response.ts";
import type { RequestSession } from "../request-session.ts";
import { viewOf } from "../routes/view.ts";
import type { NextOptions } from "./options.ts";
import { type PageLogin, type PageSession, pageSession } from "./page-session.ts";
import type { OpenSessions, ProcessSessions } from "./process-sessions.ts";
import { createPageRequest } from "./request.ts";
import { readRequest } from "./thrown.ts";

/**
 * The session state of a page if the server does not know it, because another response is replacing the session cookie.
 * The browser client then fetches the state.
 */
export interface PendingView {
  readonly status: "pending";
  readonly session: null;
  readonly user: null;
}

/** The functions for server components, which {@link createPageReaders} returns. */
export interface PageReaders<User, Data> {
  getServerSessionState(): Promise<SessionView<User> | PendingView>;
  getServerSession(): Promise<PageSession<Data>>;
  requireSubject(): Promise<PageLogin<Data>>;
}

/** Dependencies of {@link createPageReaders}. */
interface PageReaderDependencies<User, Data> {
  readonly sessions: ProcessSessions<Data>;
  readonly user: (session: Session<Data>) => MaybePromise<User | null>;
  readonly signIn: NextOptions<User>["signIn"];
}

interface PageReadResult<Data> {
  readonly request: RequestSession<Data>;
  readonly session: Session<Data>;
  readonly openSessions: OpenSessions<Data>;
}

const PENDING_VIEW: PendingView = Object.freeze({ status: "pending", session: null, user: null });

/**
 * Creates the functions with which server components read the session. React caches their results for one rendering, so
 * a layout, its page and their components check the session once. They never commit: a due rotation happens in the next
 * action, route handler or proxy, and the older token stays valid until then.
 */
export function createPageReaders<User, Data>(
  deps: PageReaderDependencies<User, Data>,
): PageReaders<User, Data> {
  const read = cache(async (): Promise<PageReadResult<Data>> => {
    const [received, jar] = await readRequest(async () => {
      // Wait for a real request, because a prefetched page must not contain a session, because the browser's router
      // caches it.
      await connection();
      return await Promise.all([headers(), cookies()]);
    });
    const opened = await deps.sessions.get();
    const request = opened.pageSessions.open(
      createPageRequest("GET", received, jar, opened.pageSessions.cookie.name),
    );
    return { request, session: await request.load(), openSessions: opened };
  });
  const getServerSession = cache(async () => pageSession((await read()).session));
  const getServerSessionState = cache(async () => {
    const { session, openSessions } = await read();
    return isLoginUnknown(session)
      ? PENDING_VIEW
      : deepFreeze(structuredClone(await pageStateOf(session, openSessions, deps)));
  });
  const requireSubject = cache(async (): Promise<PageLogin<Data>> => {
    const { request } = await read();
    try {
      await request.requireSubject();
    } catch (error) {
      // Redirect to the login page only if there is no login. After an outage or for a replaced token the user may be
      // logged in.
      if (!isCoatcheckError(error) || (error.status !== 401 && error.code !== "SESSION_NOT_FOUND"))
        throw error;
      if (deps.signIn === undefined) unauthorized();
      redirect(deps.signIn);
    }
    return (await getServerSession()) as PageLogin<Data>;
  });
  return { getServerSessionState, getServerSession, requireSubject };
}

/** Whether the server cannot know if the browser is logged in. */
function isLoginUnknown({ record, refusal }: Pick<Session, "record" | "refusal">): boolean {
  return record === null && (refusal === "superseded" || refusal === "withheld" || refusal === "unavailable");
}

async function pageStateOf<User, Data>(
  session: Session<Data>,
  { manager }: OpenSessions<Data>,
  { user }: PageReaderDependencies<User, Data>,
): Promise<SessionView<User>> {
  const pageUser = session.subject === null ? undefined : await user(session);
  if (pageUser === null) return { status: "none", session: null, user: null, rev: 0, csrf_token: null };
  return await viewOf(
    session,
    {
      csrfTokens: csrfTokensOf(manager.ring),
      clock: systemClock,
      user: neverCalled,
      needsOnboarding: undefined,
    },
    pageUser,
  );
}

/** Never called, because the caller passes the user to the view. */
function neverCalled(): never {
  throw new Error("The user is not loaded: this is a bug in coatcheck/next, please report it.");
}

const csrfTokensByRing = new WeakMap<object, CsrfTokens>();

/** Returns the CSRF tokens of a manager. They are cached for each record, so that a cached session computes no HMAC. */
function csrfTokensOf(ring: ConstructorParameters<typeof CsrfTokens>[0]): CsrfTokens {
  const present = csrfTokensByRing.get(ring) ?? new CsrfTokens(ring);
  csrfTokensByRing.set(ring, present);
  return present;
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
