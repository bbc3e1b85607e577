import type { SessionView } from "../wire.ts";
import type { ClientClock } from "./clock.ts";
import type { CsrfNames } from "./csrf.ts";
import type { Debug } from "./debug.ts";
import type { Scope } from "./scope.ts";

/**
 * When the client refreshes the session without being called. Two refreshes cannot be switched off: when the session
 * should have ended, and when the page returns from the back/forward cache.
 */
export interface Revalidate {
  /** Milliseconds for which a view counts as fresh. Default: 300,000. */
  readonly staleTime?: number;
  /** Minimum milliseconds between two refreshes that the client starts without being called. Default: 5,000. */
  readonly minGap?: number;
  /** Refreshes a stale view when the page becomes visible. Default: true. */
  readonly focus?: boolean;
  /** Refreshes a stale view when the browser comes online. Default: true. */
  readonly reconnect?: boolean;
  /** Tabs of one browser share their views and share one refresh. Default: true. */
  readonly crossTab?: boolean;
}

/** Options of `createSessionClient`. All are optional. */
export interface SessionClientOptions<User = unknown> {
  /** URL of the session endpoints. Its origin receives the CSRF token. Default: `/session`. */
  readonly baseUrl?: string;
  /** Names of the CSRF cookie and header. Default: `csrf_token` and `x-csrf-token`. */
  readonly csrf?: CsrfNames;
  readonly revalidate?: Revalidate;
  /** Further origins that receive the CSRF token and the cookies, written exactly, as `https://api.example.com`. */
  readonly allowOrigins?: readonly string[];
  /** The view that the server rendered the page with. While it is fresh, the client sends no request. */
  readonly initialState?: SessionView<User>;
  /** Milliseconds after which a call fails with `NETWORK`. Default: 10,000. */
  readonly timeout?: number;
  /** Runs for each decision and refusal of the client, without any token. With true: `console.debug`. Default: false. */
  readonly debug?: boolean | Debug;
  /** Runs when another tab has logged in as another subject. Default: reloads the page. */
  readonly onSubjectChange?: () => void;
  /** Sends a request. Default: `fetch`. */
  readonly transport?: (request: Request) => Promise<Response>;
  /** The browser's global object, for tests. Default: `globalThis` in a page, an empty object on a server. */
  readonly scope?: Scope;
  /** The clock, for tests. Default: the browser's. */
  readonly clock?: ClientClock;
}
