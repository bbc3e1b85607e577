import type { ReadableAtom } from "nanostores";
import type { Devices } from "./devices.ts";
import type { SessionError } from "./error.ts";
import type { SessionMetrics } from "./metrics.ts";
import type { Locks } from "./scope.ts";
import type { ClientState, SessionMeta } from "./state.ts";
import type { ClientSession, ElevateBody, LoginBody, SessionView } from "./wire.ts";

/** How to sign out. */
export interface LogoutOptions {
  /** End every session of the subject, on every device. */
  readonly everywhere?: boolean;
  /** Show nobody at once, before the server knows (the default). Until it does, `$meta` says `signOut`. */
  readonly optimistic?: boolean;
}

/** The browser's session: what is known of it, and every way to change it. */
export interface SessionClient<User = unknown> {
  readonly $session: ReadableAtom<ClientState<User>>;
  readonly $meta: ReadableAtom<SessionMeta>;
  readonly $csrfToken: ReadableAtom<string | null>;
  readonly devices: Devices;
  /** Where the tabs of this browser take turns; undefined where it has no Web Locks, or the page keeps to itself. */
  readonly locks: Locks | undefined;
  /**
   * The present session, from what is known while that is fresh. Where the server does not answer, the last one known;
   * rejects with a `SessionError` when there is none, since "no answer" is not "logged out".
   */
  getSession(options?: { readonly fresh?: boolean }): Promise<ClientSession | null>;
  /** Logs in. Rejects with the server's code. */
  createSession(email: string, password: string): Promise<ClientSession | null>;
  createSession(login: LoginBody): Promise<ClientSession | null>;
  /**
   * Rejects when the server could not be told; it is told again as soon as a page of this browser is shown, online, or
   * makes a request. Leave with `location.replace` afterwards, so that "back" leads past the page.
   */
  logout(options?: LogoutOptions): Promise<void>;
  /** A recent, scoped re-authentication. */
  elevate(body: ElevateBody): Promise<ClientSession | null>;
  /** Turns an older session cookie into a session. */
  migrateLegacySession(): Promise<ClientSession | null>;
  /** Counts as the user's activity: the idle timeout begins anew. */
  extend(): Promise<void>;
  /** Makes the next `getSession` ask the server. */
  clearCache(): void;
  /** Takes over what the server rendered the page with. */
  hydrate(view: SessionView<User>): void;
  /** Milliseconds until the session ends if nothing happens, by the server's clock; null without a session. */
  expiresIn(): number | null;
  /** Takes the CSRF cookie's token over; false where there is none. */
  synchronizeTokenFromCookie(): boolean;
  /** Takes a token over that an answer brought; false where it is empty. */
  updateCsrfTokenFromServer(token: string): boolean;
  /** Asks the server for a token, and an anonymous session to bind it to; false where it gave none. */
  initSession(): Promise<boolean>;
  /** `listener` hears when a request was rejected for its token and the one recovery did not help. */
  createCsrfErrorListener(listener: (error: SessionError) => void): () => void;
  /**
   * `fetch` with the CSRF token, for this origin and the allowed ones only, and one recovery where the token is
   * rejected. A 401 makes the client ask the session endpoint, which alone decides whether the session is over.
   *
   * While the server has not heard of a sign-out, in this tab or another, it is told first: the cookie would speak for
   * whoever has left. If that fails the request is not sent, and this rejects with the `SessionError` of the sign-out,
   * whose code (`NETWORK`, `STORE_UNAVAILABLE`, …) says what keeps it from the server. No other rejection is one.
   */
  fetch(input: Request | URL | string, init?: RequestInit): Promise<Response>;
  getMetrics(): SessionMetrics;
  /** Ends listeners, timers and connections. */
  dispose(): void;
}
