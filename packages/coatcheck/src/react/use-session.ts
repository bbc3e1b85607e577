import { use, useEffect, useEffectEvent, useRef, useSyncExternalStore } from "react";
import type {
  AnonymousState,
  AuthenticatedState,
  ClientState,
  NoneState,
  PendingState,
  SessionMeta,
} from "../client/index.ts";
import { UNASKED } from "../client/state.ts";
import { type SessionContext, useSessionContext } from "./context.ts";

interface Derived<Loading extends boolean, Authenticated extends boolean> {
  readonly loading: Loading;
  readonly isAuthenticated: Authenticated;
  readonly needsOnboarding: boolean;
  readonly tenantId: string | null;
}

/** Somebody is logged in. */
export type AuthenticatedSession<User> = AuthenticatedState<User> & Derived<false, true>;

/** The session as anything but `pending`. */
export type KnownSession<User> =
  | (AnonymousState & Derived<false, false>)
  | AuthenticatedSession<User>
  | (NoneState & Derived<false, false>);

/** The session's state, with shorthands that narrow it as `status` does. */
export type SessionValue<User> = (PendingState & Derived<true, false>) | KnownSession<User>;

function describe<User>(state: ClientState): SessionValue<User> {
  return {
    ...state,
    loading: state.status === "pending",
    isAuthenticated: state.status === "authenticated",
    needsOnboarding: "needsOnboarding" in state && !!state.needsOnboarding,
    tenantId: state.session?.tenant ?? null,
  } as SessionValue<User>;
}

/** The present state; until the provider has started, the one that the server rendered with. */
function present({ client, first, started }: SessionContext): ClientState {
  const state = client.$session.get();
  return state.status === "pending" && !started ? first : state;
}

const whole = (value: unknown) => value;

/**
 * The session. Any number of components costs one request.
 *
 * With `select` the component renders again only if what it selects changes, compared by `Object.is`.
 *
 * @example
 * const { user, isAuthenticated, loading } = useSession<User>();
 * const name = useSession<User, string>({ select: ({ user }) => user?.name ?? "guest" });
 */
export function useSession<User = unknown>(): SessionValue<User>;
export function useSession<User, Selected>(options: {
  readonly select: (session: SessionValue<User>) => Selected;
}): Selected;
export function useSession<User, Selected>(options?: {
  readonly select: (session: SessionValue<User>) => Selected;
}): unknown {
  const context = useSessionContext();
  const select = options?.select ?? whole;
  const last = useRef<{ state: ClientState; select: unknown; value: unknown }>(null);
  const read = (state: ClientState) => {
    if (last.current?.state !== state || last.current.select !== select)
      last.current = { state, select, value: select(describe<User>(state)) };
    return last.current.value;
  };
  return useSyncExternalStore(
    context.client.$session.listen,
    () => read(present(context)),
    () => read(context.first),
  );
}

/** The session, once somebody has answered: suspends while it is `pending`, throws where nobody answers. */
export function useSuspenseSession<User = unknown>(): KnownSession<User> {
  const context = useSessionContext();
  const session = useSession<User>();
  const { client } = context;
  if (!session.loading) return session;
  context.known ??= new Promise((resolve, reject) => {
    const stop = client.$session.listen((state) => {
      if (state.status === "pending") return;
      stop();
      context.known = undefined;
      resolve(describe(state));
    });
    client.getSession().catch(reject);
  });
  return use(context.known) as KnownSession<User>;
}

/**
 * The session of somebody who is logged in, null while that is unknown. Anybody else is sent away: to the address, or
 * wherever the function leads.
 */
export function useRequireSession<User = unknown>(options: {
  readonly redirect: string | (() => void);
}): AuthenticatedSession<User> | null {
  const session = useSession<User>();
  const { redirect } = options;
  const away = !session.loading && !session.isAuthenticated;
  const go = useEffectEvent(() => {
    if (typeof redirect === "function") redirect();
    else location.replace(redirect);
  });
  useEffect(() => {
    if (away) go();
  }, [away]);
  return session.isAuthenticated ? session : null;
}

/** How well the session is known: offline, stale, a sign-out that the server has not heard of. */
export function useSessionMeta(): SessionMeta {
  const { $meta } = useSessionContext().client;
  return useSyncExternalStore($meta.listen, $meta.get, () => UNASKED);
}

/** The CSRF token, for a form that is sent without `sm.fetch`. */
export function useCsrfToken(): string | null {
  const { client, firstToken } = useSessionContext();
  const { $csrfToken } = client;
  return useSyncExternalStore($csrfToken.listen, $csrfToken.get, () => firstToken);
}
