import type { Clock } from "./clock.ts";
import type { CsrfNames } from "./csrf.ts";
import type { Scope } from "./scope.ts";
import type { SessionView } from "./wire.ts";

/**
 * When the client asks the server again without being told to: one object governs all of it. Two questions are no
 * preference: when the session's time is up, and when the page comes out of the back/forward cache.
 */
export interface Revalidate {
  /** Milliseconds that an answer counts as fresh; 300,000 unless given. */
  readonly staleTime?: number;
  /** Least milliseconds between two questions of triggers; 5,000 unless given. */
  readonly minGap?: number;
  /** When the page becomes visible. */
  readonly focus?: boolean;
  /** When the browser is online again. */
  readonly reconnect?: boolean;
  /** Whether tabs share their answers and their lock. */
  readonly crossTab?: boolean;
}

/** Everything is optional. */
export interface SessionManagerOptions<User = unknown> {
  /** Where the session endpoints are; `/session` unless given. Its origin is trusted with the token. */
  readonly baseUrl?: string;
  /** `csrf_token` and `x-csrf-token` unless given. */
  readonly csrf?: CsrfNames;
  readonly revalidate?: Revalidate;
  /** Further origins that get the token and cookies: exact, as `https://api.example.com`. */
  readonly allowOrigins?: readonly string[];
  /** What the server rendered the page with: nothing is fetched while it is fresh. */
  readonly initialState?: SessionView<User>;
  /** Milliseconds until a question counts as unanswered; 10,000 unless given. */
  readonly timeout?: number;
  /** Somebody else is logged in now, by another tab's doing; reloads the page unless given. */
  readonly onSubjectChange?: () => void;
  /** `fetch` unless given. */
  readonly transport?: (request: Request) => Promise<Response>;
  /** The browser's global object unless given. */
  readonly scope?: Scope;
  /** The browser's clock unless given. */
  readonly clock?: Clock;
}
