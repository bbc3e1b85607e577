import type { SessionError } from "./error.ts";
import type { ClientSession, EndReason, SessionView } from "./wire.ts";

/** Nobody has answered yet, or the page came back from the back/forward cache and must not trust what it shows. */
export interface PendingState {
  readonly status: "pending";
  readonly session: null;
  readonly user: null;
}

/** A session that nobody has logged in to. */
export interface AnonymousState {
  readonly status: "anonymous";
  readonly session: ClientSession;
  readonly user: null;
  readonly needsOnboarding?: boolean;
}

/** Somebody is logged in. */
export interface AuthenticatedState<User> {
  readonly status: "authenticated";
  readonly session: ClientSession;
  readonly user: User;
  readonly needsOnboarding?: boolean;
}

/** The server, or the user of this browser, said that there is no session. */
export interface NoneState {
  readonly status: "none";
  readonly session: null;
  readonly user: null;
  readonly reason?: EndReason | undefined;
}

/** What the page may show: exactly one of four. `status` tells them apart. */
export type ClientState<User = unknown> =
  | PendingState
  | AnonymousState
  | AuthenticatedState<User>
  | NoneState;

/** How well the state is known. Apart from the state, so that a fetch re-renders nobody who does not ask. */
export interface SessionMeta {
  /** The last question went unanswered: the state is the last one known. */
  readonly stale: boolean;
  readonly fetching: boolean;
  readonly offline: boolean;
  /** The user has signed out, and the server does not know yet. `failed` is tried again on its own. */
  readonly signOut?: "pending" | "failed" | undefined;
  /** Why the last question went unanswered. */
  readonly error?: SessionError | undefined;
}

/** Nobody has been asked. */
export const UNASKED: SessionMeta = { stale: false, fetching: false, offline: false };

export const PENDING: PendingState = { status: "pending", session: null, user: null };

/** The answer of a server that has no session for this browser. */
export const noSession = (reason: EndReason) =>
  ({ status: "none", session: null, user: null, reason, rev: 0, csrf_token: null }) as const;

/** An answer as state: without the durations, which differ in each answer while nothing has changed. */
export function toState<User>(view: SessionView<User>): ClientState<User> {
  if (!view.session) return view;
  const { expiresInMs: _, idleExpiresInMs: __, ...session } = view.session;
  return { ...view, session };
}
