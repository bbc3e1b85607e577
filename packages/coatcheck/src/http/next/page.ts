import { redirect, unauthorized } from "next/dist/client/components/navigation.react-server.js";
import { cookies, headers } from "next/headers.js";
import { connection } from "next/server.js";
import { cache } from "react";
import { systemClock } from "../../session/clock.ts";
import type { MaybePromise, Session } from "../../session/session.ts";
import type { SessionView } from "../../wire.ts";
import { CsrfTokens } from "../csrf.ts";
import { isCoatcheckError } from "../error-response.ts";
import type { RequestSession } from "../request-session.ts";
import { viewOf } from "../routes/view.ts";
import type { NextOptions } from "./options.ts";
import { type PageLogin, type PageSession, pageSession } from "./page-session.ts";
import type { OpenSessions, ProcessSessions } from "./process-sessions.ts";
import { pageRequest } from "./request.ts";
import { readRequest } from "./thrown.ts";

/** The state is not known on the server: another response is bringing a newer cookie. The browser client then asks for it. */
export interface PendingView {
  readonly status: "pending";
  readonly session: null;
  readonly user: null;
}

/** The functions for server components, which {@link pageReaders} returns. */
export interface PageReaders<User, Data> {
  getServerSessionState(): Promise<SessionView<User> | PendingView>;
  getServerSession(): Promise<PageSession<Data>>;
  requireSubject(): Promise<PageLogin<Data>>;
}

/** Dependencies of {@link pageReaders}. */
interface Dependencies<User, Data> {
  readonly sessions: ProcessSessions<Data>;
  readonly user: (session: Session<Data>) => MaybePromise<User | null>;
  readonly signIn: NextOptions<User>["signIn"];
}

interface Read<Data> {
  readonly request: RequestSession<Data>;
  readonly session: Session<Data>;
  readonly opened: OpenSessions<Data>;
}

const PENDING: PendingView = Object.freeze({ status: "pending", session: null, user: null });

/**
 * The readers for server components. React caches each for one rendering, so a layout, its page and their components check
 * the session once. They never commit: a rotation that is due waits for the next action, route handler or proxy, and the
 * older token stays valid until then.
 */
export function pageReaders<User, Data>(deps: Dependencies<User, Data>): PageReaders<User, Data> {
  const read = cache(async (): Promise<Read<Data>> => {
    const [received, jar] = await readRequest(async () => {
      // A session is read for a request, and never for a prefetch, whose result the browser's router would keep.
      await connection();
      return await Promise.all([headers(), cookies()]);
    });
    const opened = await deps.sessions.get();
    const request = opened.pages.open(pageRequest("GET", received, jar, opened.pages.cookie.name));
    return { request, session: await request.load(), opened };
  });
  const getServerSession = cache(async () => pageSession((await read()).session));
  const getServerSessionState = cache(async () => {
    const { session, opened } = await read();
    return isUndecided(session) ? PENDING : deepFreeze(structuredClone(await stateOf(session, opened, deps)));
  });
  const requireSubject = cache(async (): Promise<PageLogin<Data>> => {
    const { request } = await read();
    try {
      await request.requireSubject();
    } catch (error) {
      // Only a missing login leads to the login page: an outage and a replaced token say nothing about it.
      if (!isCoatcheckError(error) || (error.status !== 401 && error.code !== "SESSION_NOT_FOUND"))
        throw error;
      if (deps.signIn === undefined) unauthorized();
      redirect(deps.signIn);
    }
    return (await getServerSession()) as PageLogin<Data>;
  });
  return { getServerSessionState, getServerSession, requireSubject };
}

/** Whether the server cannot tell if the browser is logged in. */
function isUndecided({ record, refusal }: Pick<Session, "record" | "refusal">): boolean {
  return record === null && (refusal === "superseded" || refusal === "withheld" || refusal === "unavailable");
}

async function stateOf<User, Data>(
  session: Session<Data>,
  { manager }: OpenSessions<Data>,
  { user }: Dependencies<User, Data>,
): Promise<SessionView<User>> {
  const known = session.subject === null ? undefined : await user(session);
  if (known === null) return { status: "none", session: null, user: null, rev: 0, csrf_token: null };
  return await viewOf(
    session,
    { csrfTokens: tokensOf(manager.ring), clock: systemClock, user: noUser, needsOnboarding: undefined },
    known,
  );
}

/** Never called: the user is passed to the view. */
function noUser(): never {
  throw new Error("The user of the session must be known.");
}

const tokens = new WeakMap<object, CsrfTokens>();

/** The tokens of a manager. They are remembered for each record, so that a cached session costs no HMAC. */
function tokensOf(ring: ConstructorParameters<typeof CsrfTokens>[0]): CsrfTokens {
  const present = tokens.get(ring) ?? new CsrfTokens(ring);
  tokens.set(ring, present);
  return present;
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
