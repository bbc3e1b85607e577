import type { Clock, Schedule } from "../../session/clock.ts";
import type { JsonObject } from "../../session/json.ts";
import type { MaybePromise } from "../../session/session.ts";
import type { AuthenticateOptions } from "../../session/transitions.ts";
import type { RouteRequest } from "./request.ts";

/** Whom the application found behind a login. */
export interface Identity<User> extends AuthenticateOptions {
  readonly subject: string;
  /** Spares looking the user up for this one answer. */
  readonly user?: User;
}

/** What the application decides; the endpoints decide nothing about credentials. */
export interface SessionRoutesOptions<User, Data = JsonObject> {
  /**
   * Checks the password, or whatever the credentials are; null refuses them, with `FORBIDDEN`. How often somebody may
   * try is the application's to limit: it knows what an attempt costs, and which proxy it sits behind. `metadata` is
   * what the page sent beside its credentials, as unchecked as they are.
   */
  readonly authenticate: (
    credentials: JsonObject,
    request: RouteRequest<Data>,
    metadata: JsonObject,
  ) => MaybePromise<Identity<User> | null>;
  /** Whom the page sees as logged in. Without it: `{ id: subject }`. */
  readonly user?: (subject: string) => MaybePromise<User>;
  /** Whether the page shall send its user through the onboarding first. Without it the answer does not say. */
  readonly needsOnboarding?: (subject: string) => MaybePromise<boolean>;
  /**
   * Checks a fresh proof of who the user is, for a scope. Without it: credentials that log the same subject in elevate
   * for the scope `account`, and no other.
   */
  readonly elevate?: (
    credentials: JsonObject,
    scope: string,
    request: RouteRequest<Data>,
  ) => MaybePromise<boolean>;
  /** Where the endpoints lie, as the client asks for them; `/session` unless given. */
  readonly base?: string;
  /** A second path for the migration, besides `migrate` under the base. */
  readonly migratePath?: string;
  /** How long a login or an elevation counts as recent, milliseconds; 10 minutes unless given. */
  readonly recent?: number;
  readonly events?: EventOptions;
  readonly clock?: Clock;
}

/** How the event stream is kept. Milliseconds. */
export interface EventOptions {
  /**
   * How often each stream looks for changes that other nodes made, through the manager's caches; 1000 unless given.
   * Without a cache each look is a read of the store.
   */
  readonly checkEvery?: number;
  /** How long before its end a session is said to be expiring; 60,000 unless given. */
  readonly warnBefore?: number;
  /** Open streams of one session; one more is refused with `RATE_LIMITED`. 10 unless given. */
  readonly mostPerSession?: number;
  readonly schedule?: Schedule;
}
