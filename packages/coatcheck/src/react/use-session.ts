import { use, useEffect, useEffectEvent, useRef, useSyncExternalStore } from "react";
import type {
  AnonymousState,
  AuthenticatedState,
  ClientState,
  NoneState,
  PendingState,
  SessionMeta,
} from "../client/index.ts";
import { INITIAL_META } from "../client/state.ts";
import { type SessionContext, useSessionContext } from "./context.ts";

interface StatusShorthands<Loading extends boolean, Authenticated extends boolean> {
  readonly loading: Loading;
  readonly isAuthenticated: Authenticated;
  readonly needsOnboarding: boolean;
  readonly tenantId: string | null;
}

/** The session of a user who is logged in. */
export type AuthenticatedSession<User> = AuthenticatedState<User> & StatusShorthands<false, true>;

/** The session in any status except `pending`. */
export type KnownSession<User> =
  | (AnonymousState & StatusShorthands<false, false>)
  | AuthenticatedSession<User>
  | (NoneState & StatusShorthands<false, false>);

/**
 * The session's state, with `loading` and `isAuthenticated` as shorthands for `status`. Each of the three determines
 * the types of the other fields.
 */
export type SessionValue<User> = (PendingState & StatusShorthands<true, false>) | KnownSession<User>;

function toSessionValue<User>(state: ClientState): SessionValue<User> {
  return {
    ...state,
    loading: state.status === "pending",
    isAuthenticated: state.status === "authenticated",
    needsOnboarding: "needsOnboarding" in state && !!state.needsOnboarding,
    tenantId: state.session?.tenant ?? null,
  } as SessionValue<User>;
}

/** Returns the client's state. Until the provider has been mounted, returns the server-rendered state. */
function currentState({ client, initialState, isMounted }: SessionContext): ClientState {
  const state = client.$session.get();
  return state.status === "pending" && !isMounted ? initialState : state;
}

const identity = (value: unknown) => value;

/**
 * Returns the session. All components share one request.
 *
 * With `select`, the component re-renders only if the selected value changes, compared with `Object.is`.
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
  const select = options?.select ?? identity;
  const last = useRef<{ state: ClientState; select: unknown; value: unknown }>(null);
  const read = (state: ClientState) => {
    if (last.current?.state !== state || last.current.select !== select)
      last.current = { state, select, value: select(toSessionValue<User>(state)) };
    return last.current.value;
  };
  return useSyncExternalStore(
    context.client.$session.listen,
    () => read(currentState(context)),
    () => read(context.initialState),
  );
}

/**
 * Returns the session; suspends while it is `pending`. Throws a `SessionError` to the nearest error boundary if the
 * server cannot be reached.
 */
export function useSuspenseSession<User = unknown>(): KnownSession<User> {
  const context = useSessionContext();
  const session = useSession<User>();
  const { client } = context;
  if (!session.loading) return session;
  context.readyPromise ??= new Promise((resolve, reject) => {
    const stop = client.$session.listen((state) => {
      if (state.status === "pending") return;
      stop();
      context.readyPromise = undefined;
      resolve(toSessionValue(state));
    });
    client.getSession().catch(reject);
  });
  return use(context.readyPromise) as KnownSession<User>;
}

/**
 * Returns the session of the logged-in user, or null while the status is not known yet. If no user is logged in,
 * redirects to the address, or calls the function.
 */
export function useRequireSession<User = unknown>(options: {
  readonly redirect: string | (() => void);
}): AuthenticatedSession<User> | null {
  const session = useSession<User>();
  const { redirect } = options;
  const denied = !session.loading && !session.isAuthenticated;
  const leave = useEffectEvent(() => {
    if (typeof redirect === "function") redirect();
    else location.replace(redirect);
  });
  useEffect(() => {
    if (denied) leave();
  }, [denied]);
  return session.isAuthenticated ? session : null;
}

/** Returns whether the session is stale, whether the page is offline, and whether a sign-out waits for the server. */
export function useSessionMeta(): SessionMeta {
  const { $meta } = useSessionContext().client;
  return useSyncExternalStore($meta.listen, $meta.get, () => INITIAL_META);
}

/** Returns the CSRF token, for a form that is submitted without `client.fetch`. */
export function useCsrfToken(): string | null {
  const { client, initialToken } = useSessionContext();
  const { $csrfToken } = client;
  return useSyncExternalStore($csrfToken.listen, $csrfToken.get, () => initialToken);
}
