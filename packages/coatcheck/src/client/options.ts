import type { SessionView } from "../wire.ts";
import type { ClientClock } from "./clock.ts";
import type { CsrfNames } from "./csrf.ts";
import type { Debug } from "./debug.ts";
import type { Scope } from "./scope.ts";

/**
 * When the client refreshes the session by itself. It always does so when the session should have ended and when the
 * page returns from the back/forward cache.
 */
export interface Revalidate {
  /** Milliseconds after which a view is stale. Default: 300,000. */
  readonly staleTime?: number;
  /** Minimum milliseconds between two refreshes that the client starts by itself. Default: 5,000. */
  readonly minGap?: number;
  /** Whether to refresh a stale view when the page becomes visible. Default: true. */
  readonly focus?: boolean;
  /** Whether to refresh a stale view when the browser comes online. Default: true. */
  readonly reconnect?: boolean;
  /** Whether the tabs of one browser share their views and one refresh. Default: true. */
  readonly crossTab?: boolean;
}

/** Options of `createSessionClient`. All are optional. */
export interface SessionClientOptions<User = unknown> {
  /** URL of the session endpoints. Its origin receives the CSRF token. Default: `/session`. */
  readonly baseUrl?: string;
  /** Names of the CSRF cookie and header. Default: `csrf_token` and `x-csrf-token`. */
  readonly csrf?: CsrfNames;
  readonly revalidate?: Revalidate;
  /** Other origins that receive the CSRF token and the cookies, written like `https://api.example.com`. */
  readonly allowOrigins?: readonly string[];
  /** The session view with which the server rendered the page. While it is fresh, the client sends no request. */
  readonly initialState?: SessionView<User>;
  /** Milliseconds after which a call fails with `NETWORK`. Default: 10,000. */
  readonly timeout?: number;
  /** Receives each decision of the client, but never a token. True writes them to `console.debug`. Default: false. */
  readonly debug?: boolean | Debug;
  /** Runs when another tab has logged in as a different subject. Default: reloads the page. */
  readonly onSubjectChange?: () => void;
  /** Sends a request. Default: `fetch`. */
  readonly transport?: (request: Request) => Promise<Response>;
  /** Replaces the browser's global object in tests. Default: `globalThis` in a page, an empty object on a server. */
  readonly scope?: Scope;
  /** Replaces the clock in tests. Default: the browser's clock. */
  readonly clock?: ClientClock;
}
