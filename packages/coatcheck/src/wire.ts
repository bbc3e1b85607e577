import type { ErrorCode, Fault } from "./session/errors.ts";
import type { JsonObject } from "./session/json.ts";

/*
 * The JSON that the session endpoints and the browser client exchange. All paths start with one base path, by default
 * `/session`:
 *
 *   GET    base                  → SessionView. Counts as activity of the user only with `?touch`
 *   POST   base                  LoginBody → SessionView, with a new secret and a new CSRF token
 *   DELETE base                  → SessionView of status `none`, whether or not there was a session. `?everywhere` ends
 *                                every session of the subject
 *   POST   base/init             → SessionView. Creates an anonymous session if there is none. Must not require a CSRF
 *                                token: a page gets its first token here
 *   GET    base/csrf             → { csrf_token }
 *   GET    base/devices          → Device[]
 *   DELETE base/devices/:id      → { ended: number }. Also `base/devices?others` and `base/devices?all`
 *   POST   base/elevate          ElevateBody → SessionView
 *   POST   base/migrate          → SessionView. Turns the cookie of an older session layer into a session
 *   GET    base/events           → text/event-stream of StreamEvent
 *
 * Every JSON response is an Envelope. The client relies on three promises of the server:
 *   - It rejects a CSRF token (403, CSRF_MISSING or CSRF_INVALID) before the handler runs, so a POST can be repeated.
 *   - For an older token it responds 409 CONFLICT, never status `none`: the browser already has a newer cookie and must not
 *     conclude that it is logged out. It does so before anything else, so every request to these paths can be repeated. Only
 *     a login and a logout work with an older token too.
 *   - It sends durations besides times, because the browser's clock may be wrong by a day.
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

/** Why a session has ended. */
export type EndReason = "expired" | "revoked" | "signed-out";

/** The fields of a session that the server sends to a page. */
export interface SessionInfo {
  /** UUID. It is not a credential, so it may be displayed and logged. */
  readonly id: string;
  readonly type: "anonymous" | "authenticated";
  readonly subject: string | null;
  readonly tenant: string | null;
  /** The administrator who impersonates the subject. Absent without impersonation. */
  readonly actor?: { readonly subject: string; readonly reason: string };
  /**
   * Set while the user must prove their identity again, because another client has used the session. Otherwise absent.
   */
  readonly needsProof?: true;
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601, by the server's clock. For display; do not compare it with the browser's clock. */
  readonly expiresAt: string;
  readonly version: number;
}

/** A session with its remaining time, as the server sends it. */
export interface TimedSessionInfo extends SessionInfo {
  /** Milliseconds until the absolute timeout. */
  readonly expiresInMs: number;
  /** Milliseconds until the idle timeout. */
  readonly idleExpiresInMs: number;
}

interface ViewFields {
  /** Increases with each change of the session. Of two views, the newer one has the higher `rev`. */
  readonly rev: number;
  /** The CSRF token of the session, replaced at login. Null if there is no session. */
  readonly csrf_token: string | null;
}

/**
 * The response of `GET base`: the session and its user. If a user is logged in, `user` is set and contains at least
 * `id`, which is the subject.
 */
export type SessionView<User = unknown> = ViewFields &
  (
    | {
        readonly status: "authenticated";
        readonly session: TimedSessionInfo;
        readonly user: User;
        readonly needsOnboarding?: boolean;
      }
    | {
        readonly status: "anonymous";
        readonly session: TimedSessionInfo;
        readonly user: null;
        readonly needsOnboarding?: boolean;
      }
    | {
        readonly status: "none";
        readonly session: null;
        readonly user: null;
        readonly needsOnboarding?: boolean;
        /** Why there is no session, if the server knows the reason. */
        readonly reason?: EndReason;
      }
  );

/** `email` and `password`, or any `credentials` that the application accepts. */
export type LoginBody =
  | { readonly email: string; readonly password: string }
  | { readonly credentials: JsonObject; readonly metadata?: JsonObject };

/** Credentials with which the user authenticates again, and the scope to unlock with them. */
export interface ElevateBody {
  readonly credentials: JsonObject;
  readonly scope?: string;
}

/** A device on which the subject is logged in. */
export interface Device {
  readonly id: string;
  /** Whether this device sent the request. */
  readonly current: boolean;
  /** The subject whom the user impersonates in this session. Absent without impersonation. */
  readonly impersonates?: string;
  readonly browser: string | null;
  readonly os: string | null;
  readonly device: string | null;
  /** The `User-Agent` header, or null if the server did not store it. */
  readonly userAgent: string | null;
  /** The IP address, truncated or null as the server's privacy mode requires. */
  readonly address: string | null;
  readonly city: string | null;
  readonly country: string | null;
  /** ISO 8601. */
  readonly firstSeenAt: string;
  /** ISO 8601. */
  readonly lastSeenAt: string;
}

/** The names of the server-sent events. Their data is `{ "id": <session id> }`. */
export type StreamEvent = "revoked" | "changed" | "expiring";
