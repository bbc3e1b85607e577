import type { ReadableAtom } from "nanostores";
import type { ElevateBody, LoginBody, SessionInfo, SessionView } from "../wire.ts";
import type { Devices } from "./devices.ts";
import type { SessionError } from "./error.ts";
import type { SessionMetrics } from "./metrics.ts";
import type { Locks } from "./scope.ts";
import type { ClientState, SessionMeta } from "./state.ts";

/** Options of `logout`. */
export interface LogoutOptions {
  /**
   * Ends every session of the subject, on every device. If the login is not recent, the call rejects with
   * `REAUTHENTICATION_REQUIRED` and the user stays logged in: call `elevate` and try again. Default: false.
   */
  readonly everywhere?: boolean;
  /**
   * Changes the page's state to signed out immediately, before the server has confirmed. Until the confirmation,
   * `$meta` contains `signOut`. With false, the user stays in the page's state until the confirmation. Default: true.
   */
  readonly optimistic?: boolean;
}

/** The session of one page: its state, and the calls that change it. */
export interface SessionClient<User = unknown> {
  readonly $session: ReadableAtom<ClientState<User>>;
  readonly $meta: ReadableAtom<SessionMeta>;
  readonly $csrfToken: ReadableAtom<string | null>;
  readonly devices: Devices;
  /** The browser's Web Locks. Undefined if the browser has none, or with `revalidate: { crossTab: false }`. */
  readonly locks: Locks | undefined;
  /**
   * Returns the stored session while it is fresh; otherwise requests the session from the server. With `fresh: true`,
   * it always sends a request.
   *
   * If the server cannot be reached, it returns the last known session, since an outage is not a sign-out.
   *
   * @throws {@link SessionError} if the server cannot be reached and no session is known.
   */
  getSession(options?: { readonly fresh?: boolean }): Promise<SessionInfo | null>;
  /**
   * Logs in.
   *
   * @throws {@link SessionError} with the server's code: `FORBIDDEN` for wrong credentials.
   */
  createSession(email: string, password: string): Promise<SessionInfo | null>;
  createSession(login: LoginBody): Promise<SessionInfo | null>;
  /**
   * Signs out. Leave the page with `location.replace` afterwards, so that the back button skips it.
   *
   * @throws {@link SessionError} if the request failed. The client repeats it as soon as a page of this browser is
   * shown, comes online or sends a request.
   */
  logout(options?: LogoutOptions): Promise<void>;
  /** Authenticates the user again for one scope (step-up). */
  elevate(body: ElevateBody): Promise<SessionInfo | null>;
  /** Replaces the cookie of the application's previous session system with a session. */
  migrateLegacySession(): Promise<SessionInfo | null>;
  /** Reports activity of the user, which restarts the idle timeout. */
  extend(): Promise<void>;
  /** Makes the next `getSession` send a request. */
  clearCache(): void;
  /** Applies the session view with which the server rendered the page. */
  hydrate(view: SessionView<User>): void;
  /**
   * Returns the milliseconds until the session ends if the user is inactive, by the server's clock. Null without a
   * session.
   */
  expiresIn(): number | null;
  /** Reads the CSRF token from the cookie. Returns false if there is no cookie to read. */
  synchronizeTokenFromCookie(): boolean;
  /** Stores a CSRF token from a response. Returns false if the token is empty. */
  updateCsrfTokenFromServer(token: string): boolean;
  /**
   * Requests a CSRF token from the server. If there is no session yet, the server creates an anonymous one. Never
   * rejects; resolves to false if the server sent no token.
   */
  initSession(): Promise<boolean>;
  /**
   * Calls `listener` when the server has rejected a request's CSRF token, unless the one retry succeeds. Returns the
   * function that unsubscribes.
   */
  createCsrfErrorListener(listener: (error: SessionError) => void): () => void;
  /**
   * Calls `fetch` with the CSRF token, which only the page's own origin and the allowed origins receive. If the server
   * rejects the token, the request is repeated once with a newer one. After a 401, the client requests the session
   * endpoint, because a 401 of another route does not mean that the session has ended.
   *
   * If a sign-out of this or another tab has not reached the server yet, the client sends that sign-out first, because
   * the cookie would still authenticate the signed-out user.
   *
   * @throws {@link SessionError} if that sign-out failed; its code is the reason (`NETWORK`, `STORE_UNAVAILABLE`, …).
   * The request was then not sent. Every other rejection comes from `fetch`.
   */
  fetch(input: Request | URL | string, init?: RequestInit): Promise<Response>;
  getMetrics(): SessionMetrics;
  /** Removes the client's listeners and timers, and aborts its requests. */
  dispose(): void;
}
