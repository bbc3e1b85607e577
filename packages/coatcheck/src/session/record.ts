import type { JsonObject } from "./json.ts";
import type { OlderSecret } from "./older-secrets.ts";
import type { RecordedActor } from "./recorded-actor.ts";
import type { RecordedBinding } from "./recorded-binding.ts";
import type { Conversion, RecordedVisit } from "./recorded-visit.ts";
import type { WrappedSecret } from "./wrapped-secret.ts";

/** `anonymous` before the first login; `authenticated` after it. */
export type SessionType = "anonymous" | "authenticated";

/** `revoked` is terminal: a revoked session never becomes active again. */
export type SessionState = "active" | "revoked";

/** Why a session was revoked. Shown in device lists, administration pages and logs. */
export type RevokeReason =
  | "logout"
  | "revoked"
  | "admin"
  | "token-reuse"
  | "client-changed"
  | "limit"
  | "subject-disabled"
  | "credentials-changed";

/** Describes the client of a session. The privacy mode decides which fields are stored. */
export interface ClientInfo {
  /** The IP address: whole, truncated or null, depending on the privacy mode. */
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly browser: string | null;
  readonly os: string | null;
  readonly device: string | null;
  /** ISO 3166-1 alpha-2 code. */
  readonly country: string | null;
  readonly city: string | null;
}

/**
 * One session, as stores contain it: one row. All times are epoch milliseconds.
 *
 * A record is immutable. A change creates a new record with `version + 1`.
 */
export interface SessionRecord<Data = JsonObject> {
  /** UUID v4. The id alone opens no session, so it is safe to show and log. */
  readonly id: string;
  /**
   * Who may read and revoke the session by its id: `browser:<id of the browser's own session>`,
   * `consumer:<name of an API key>`, or `actor:<subject of the administrator>` for an impersonation.
   */
  readonly owner: string;
  readonly type: SessionType;
  readonly state: SessionState;
  /** Why the session was revoked; null while it is active. */
  readonly reason: RevokeReason | null;
  /**
   * 1 on creation. Each change increments it, except a touch, which only stores activity. Writes compare and set it.
   */
  readonly version: number;
  /**
   * The user or customer id that the session is logged in as; null while anonymous. Must be unique across all tenants,
   * for example `acme:1`: a user's sessions are found by subject alone.
   */
  readonly subject: string | null;
  /** The administrator who impersonates the subject; null without an impersonation. Set on creation, never changed. */
  readonly actor: RecordedActor | null;
  /**
   * The tenant, such as the company or site, that the session belongs to. Equal subjects of two tenants count as the
   * same subject.
   */
  readonly tenant: string | null;
  /** Identifies a browser over time. For analytics only; it authorises nothing. */
  readonly visitorId: string | null;
  /** The id of the browser's own session; null unless this is a named session inside it. */
  readonly parentId: string | null;
  /** The name of a named session; null otherwise. */
  readonly name: string | null;
  /** SHA-256 of the token's secret, base64url. The secret itself is never stored (ASVS 5.0 V7.2, V14.2). */
  readonly secretHash: string;
  /** The most recently replaced secrets, newest first, at most eight. */
  readonly olderSecrets: readonly OlderSecret[];
  /** The present secret, encrypted. Only a repeated request with the replaced token can decrypt it. */
  readonly wrappedSecret: WrappedSecret | null;
  /** When the present secret was issued. */
  readonly rotatedAt: number;
  /** When the present token was first used; null before its first use, and if it has replaced no other token. */
  readonly tokenUsedAt: number | null;
  /** The version that recorded the first use of the present token. That version changed nothing else. */
  readonly tokenUsedVersion: number | null;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly authenticatedAt: number | null;
  /** The absolute timeout: when the session ends regardless of activity. */
  readonly expiresAt: number;
  /** The idle timeout: milliseconds after `lastSeenAt` at which the session ends without activity. */
  readonly idleTimeout: number;
  /**
   * The subject's choice at login. `true`: the policy's `rememberMe` timeouts. `false`: a cookie that ends with the
   * browser. `null`: no choice; the cookie lasts until the absolute timeout.
   */
  readonly rememberMe: boolean | null;
  /** The end of each elevation, by scope. */
  readonly elevations: Readonly<Record<string, number>>;
  /** The application's data: JSON of at most `maxDataBytes` of the policy. */
  readonly data: Data;
  /** The version of the application's schema with which `data` was written. */
  readonly dataVersion: number;
  /** Flash messages by name. A message is removed when it is read. */
  readonly flash: JsonObject;
  /** The application's metadata. Set on creation, never changed. */
  readonly metadata: JsonObject;
  readonly client: ClientInfo | null;
  /** The client that has logged in; null unless sessions are bound to it. */
  readonly binding: RecordedBinding | null;
  /** The current visit of the session. Null without a visit, and if the privacy mode stores no visits. */
  readonly visit: RecordedVisit | null;
  /** The last order of the session; null before the first order. */
  readonly conversion: Conversion | null;
}

/** When the session ends without further activity: the earlier of the two timeouts, epoch milliseconds. */
export function endsAt(record: Pick<SessionRecord, "expiresAt" | "lastSeenAt" | "idleTimeout">): number {
  return Math.min(record.expiresAt, record.lastSeenAt + record.idleTimeout);
}

/** Whether the session is valid at `now`, epoch milliseconds: active, and within both timeouts. */
export function isLive(record: SessionRecord, now: number): boolean {
  return record.state === "active" && now < endsAt(record);
}

const UUID_V4_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether `id` is a well-formed session id: a lower-case UUID v4. Checked before every store access. */
export function isSessionId(id: unknown): id is string {
  return typeof id === "string" && id.length === 36 && UUID_V4_PATTERN.test(id);
}
