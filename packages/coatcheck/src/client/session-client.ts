import type { ReadableAtom } from "nanostores";
import type { ElevateBody, LoginBody, SessionInfo, SessionView } from "../wire.ts";
import type { Devices } from "./devices.ts";
import type { SessionError } from "./error.ts";
import type { SessionMetrics } from "./metrics.ts";
import type { Locks } from "./scope.ts";
import type { ClientState, SessionMeta } from "./state.ts";

/** How to sign out. */
export interface LogoutOptions {
  /**
   * Ends every session of the subject, on every device. Rejects with `REAUTHENTICATION_REQUIRED`, and the user stays logged
   * in, unless the login is recent: call `elevate` and try again. Default: false.
   */
  readonly everywhere?: boolean;
  /**
   * Shows the page as signed out immediately, before the server knows. Until it does, `$meta` has `signOut`. With
   * false, the page shows the user until the server has confirmed. Default: true.
   */
  readonly optimistic?: boolean;
}

/** The session of one page: its state, and every call that changes it. */
export interface SessionClient<User = unknown> {
  readonly $session: ReadableAtom<ClientState<User>>;
  readonly $meta: ReadableAtom<SessionMeta>;
  readonly $csrfToken: ReadableAtom<string | null>;
  readonly devices: Devices;
  /** The browser's Web Locks. Undefined if it has none, or with `revalidate: { crossTab: false }`. */
  readonly locks: Locks | undefined;
  /**
   * Returns the session: the known one while it is fresh, else the one from the server. With `fresh: true` it always
   * sends a request.
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
   * @throws {@link SessionError} if the server could not be told. The client tells it again as soon as a page of this
   * browser is shown, comes online or sends a request.
   */
  logout(options?: LogoutOptions): Promise<void>;
  /** Authenticates the user again for one scope (step-up). */
  elevate(body: ElevateBody): Promise<SessionInfo | null>;
  /** Turns the session cookie of an older session layer into a session. */
  migrateLegacySession(): Promise<SessionInfo | null>;
  /** Counts as activity of the user: the idle timeout starts again. */
  extend(): Promise<void>;
  /** Makes the next `getSession` send a request. */
  clearCache(): void;
  /** Applies the view that the server rendered the page with. */
  hydrate(view: SessionView<User>): void;
  /** Milliseconds until the session ends without activity, by the server's clock. Null without a session. */
  expiresIn(): number | null;
  /** Reads the CSRF token from the cookie. Returns false if there is no cookie to read. */
  synchronizeTokenFromCookie(): boolean;
  /** Stores a CSRF token that a response carried. Returns false if it is empty. */
  updateCsrfTokenFromServer(token: string): boolean;
  /**
   * Requests a CSRF token from the server, which it binds to an anonymous session if there is no session yet. Resolves
   * to false if the server sent none; never rejects.
   */
  initSession(): Promise<boolean>;
  /**
   * `listener` runs when the server has rejected a request for its CSRF token twice: as sent, and after the one retry.
   * Returns the function that unsubscribes.
   */
  createCsrfErrorListener(listener: (error: SessionError) => void): () => void;
  /**
   * `fetch` with the CSRF token, which only the page's own origin and the allowed origins receive. If the server rejects
   * the token, the request is repeated once with a newer one. After a 401 the client requests the session endpoint, which
   * alone decides whether the session has ended.
   *
   * If the server does not know of a sign-out yet, in this tab or another, the client tells it first: until then the
   * cookie authenticates the user who has signed out.
   *
   * @throws {@link SessionError} if the server could not be told of the sign-out; its code (`NETWORK`,
   * `STORE_UNAVAILABLE`, …) says why. The request was then not sent. Every other rejection is `fetch`'s own.
   */
  fetch(input: Request | URL | string, init?: RequestInit): Promise<Response>;
  getMetrics(): SessionMetrics;
  /** Ends the client's listeners, timers and requests. */
  dispose(): void;
}
