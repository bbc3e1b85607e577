import type { EndReason, SessionInfo, SessionView } from "../wire.ts";
import type { SessionError } from "./error.ts";

/** The session is not known: no response has arrived yet, or the page has just returned from the back/forward cache. */
export interface PendingState {
  readonly status: "pending";
  readonly session: null;
  readonly user: null;
}

/** There is a session, and no user is logged in to it. */
export interface AnonymousState {
  readonly status: "anonymous";
  readonly session: SessionInfo;
  readonly user: null;
  readonly needsOnboarding?: boolean;
}

/** A user is logged in. */
export interface AuthenticatedState<User> {
  readonly status: "authenticated";
  readonly session: SessionInfo;
  readonly user: User;
  readonly needsOnboarding?: boolean;
}

/** There is no session: the server said so, or the user signed out in this browser. */
export interface NoneState {
  readonly status: "none";
  readonly session: null;
  readonly user: null;
  readonly reason?: EndReason | undefined;
}

/** The session state for the page to render. The value of `status` determines the types of the other fields. */
export type ClientState<User = unknown> =
  | PendingState
  | AnonymousState
  | AuthenticatedState<User>
  | NoneState;

/**
 * Whether the state is current. It is separate from the state, so that a refresh does not re-render components that
 * ignore it.
 */
export interface SessionMeta {
  /** The last refresh failed; the state is the last known one. */
  readonly stale: boolean;
  readonly fetching: boolean;
  readonly offline: boolean;
  /**
   * The user has signed out, and the server has not confirmed yet. The client retries a `failed` sign-out by itself.
   */
  readonly signOut?: "pending" | "failed" | undefined;
  /** The error of the last refresh if it failed. */
  readonly error?: SessionError | undefined;
}

/** The `$meta` value of a client that has sent no request yet. */
export const INITIAL_META: SessionMeta = { stale: false, fetching: false, offline: false };

export const PENDING_STATE: PendingState = { status: "pending", session: null, user: null };

/** Creates the view that the server would send if there is no session. */
export const noSessionView = (reason: EndReason) =>
  ({ status: "none", session: null, user: null, reason, rev: 0, csrf_token: null }) as const;

/**
 * Converts a view to a state. Omits the remaining durations, which differ in each response even if the session is
 * unchanged.
 */
export function toState<User>(view: SessionView<User>): ClientState<User> {
  if (!view.session) return view;
  const { expiresInMs: _, idleExpiresInMs: __, ...session } = view.session;
  return { ...view, session };
}
