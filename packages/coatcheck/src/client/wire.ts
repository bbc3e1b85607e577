import type { ErrorCode, Fault } from "../session/errors.ts";
import type { JsonObject } from "../session/json.ts";

/*
 * What the session endpoints and the browser say to each other. All paths lie under one base (`/session` by default):
 *
 *   GET    base                  SessionView; keeps nothing alive. `?touch` counts as the user's own activity
 *   POST   base                  LoginBody → SessionView; new secret, new CSRF token
 *   DELETE base                  → SessionView of status `none`, be there a session or not. `?everywhere` ends every
 *                                session of the subject
 *   POST   base/init             → SessionView; makes an anonymous session where there is none. Comes without a
 *                                CSRF token, and must not be asked for one: it is how a page gets its first
 *   GET    base/csrf             → { csrf_token }
 *   GET    base/devices          → Device[]
 *   DELETE base/devices/:id      → { ended: number }. `base/devices?others` and `base/devices?all` likewise
 *   POST   base/elevate          ElevateBody → SessionView
 *   POST   base/migrate          → SessionView; turns an older session cookie into a session
 *   GET    base/events           text/event-stream of StreamEvent
 *
 * Every JSON answer is an Envelope. Three promises of the server that the client builds on:
 *   - a CSRF rejection (403, CSRF_MISSING or CSRF_INVALID) comes before the handler, so a retry of a POST is safe;
 *   - a token that a change of privilege has replaced answers 409 CONFLICT on GET, never `none`: the browser holds a
 *     newer cookie already, and must not take itself for logged out;
 *   - durations are sent, not only times: the browser's clock may be off by a day.
 */

/** `{ success: true, data }` or `{ success: false, error }`. */
export type Envelope<Data> =
  | { readonly success: true; readonly data: Data }
  | {
      readonly success: false;
      readonly error: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly faults?: readonly Fault[];
      };
    };

/** Why there is no session any more. */
export type EndReason = "expired" | "revoked" | "signed-out";

/** What a page may know of its session. */
export interface ClientSession {
  /** A name, safe to show; it opens nothing. */
  readonly id: string;
  readonly type: "anonymous" | "authenticated";
  readonly subject: string | null;
  readonly tenant: string | null;
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601, by the server's clock: for display, never for a comparison. */
  readonly expiresAt: string;
  readonly version: number;
}

/** A session as it travels: with the milliseconds that it has left. */
export interface SessionOnTheWire extends ClientSession {
  /** Until the end whatever the activity. */
  readonly expiresInMs: number;
  /** Until the end without activity. */
  readonly idleExpiresInMs: number;
}

interface Answer {
  /** Grows with each change of this session; of two answers about one session the higher is the newer. */
  readonly rev: number;
  /** Stable within a session, replaced at login; null where there is no session to bind it to. */
  readonly csrf_token: string | null;
}

/** The whole answer to "who am I?". Somebody who is logged in has a `user`, be it only `{ id: subject }`. */
export type SessionView<User = unknown> = Answer &
  (
    | {
        readonly status: "authenticated";
        readonly session: SessionOnTheWire;
        readonly user: User;
        readonly needsOnboarding?: boolean;
      }
    | {
        readonly status: "anonymous";
        readonly session: SessionOnTheWire;
        readonly user: null;
        readonly needsOnboarding?: boolean;
      }
    | {
        readonly status: "none";
        readonly session: null;
        readonly user: null;
        readonly needsOnboarding?: boolean;
        /** Where the server knows it. */
        readonly reason?: EndReason;
      }
  );

/** `email` and `password`, or whatever `credentials` the application's own check understands. */
export type LoginBody =
  | { readonly email: string; readonly password: string }
  | { readonly credentials: JsonObject; readonly metadata?: JsonObject };

/** A fresh proof of who the user is, and what it is for. */
export interface ElevateBody {
  readonly credentials: JsonObject;
  readonly scope?: string;
}

/** One place where the subject is logged in. */
export interface Device {
  readonly id: string;
  readonly current: boolean;
  readonly browser: string | null;
  readonly os: string | null;
  readonly device: string | null;
  /** As much of it as the privacy mode allows. */
  readonly address: string | null;
  readonly city: string | null;
  readonly country: string | null;
  /** ISO 8601. */
  readonly firstSeenAt: string;
  /** ISO 8601. */
  readonly lastSeenAt: string;
}

/** The names of the server-sent events; their data is `{ "id": <session id> }`. */
export type StreamEvent = "revoked" | "changed" | "expiring";
