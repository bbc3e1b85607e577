import type { JsonObject } from "./json.ts";

/** `anonymous` until somebody logs in; `authenticated` from then on. */
export type SessionType = "anonymous" | "authenticated";

/** `revoked` is terminal: a revoked session never becomes active again. */
export type SessionState = "active" | "revoked";

/** Why a session was revoked; shown to people on the dashboard and in logs. */
export type RevokeReason =
  | "logout"
  | "revoked"
  | "admin"
  | "theft"
  | "limit"
  | "subject-disabled"
  | "credentials-changed";

/** What is known of the browser or program that holds the token, as far as the privacy mode allows. */
export interface ClientInfo {
  /** The address, whole, truncated or null, as the privacy mode says. */
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly browser: string | null;
  readonly os: string | null;
  readonly device: string | null;
  /** ISO 3166-1 alpha-2 code. */
  readonly country: string | null;
  readonly city: string | null;
}

/** Where the visit came from, frozen at its first page. */
export interface Attribution {
  readonly landingPage: string | null;
  readonly referrer: string | null;
  readonly utmSource: string | null;
  readonly utmMedium: string | null;
  readonly utmCampaign: string | null;
  readonly channel: string | null;
}

/**
 * One session: the row that every store keeps. All times are epoch milliseconds.
 *
 * A record is a value. It is never changed in place; a change is a new record with `version + 1`.
 */
export interface SessionRecord<Data = JsonObject> {
  /** UUID v4. A name, safe to show, log and list: it opens nothing. */
  readonly id: string;
  /** Who may read and end it by its id: `browser:<id of the browser's own session>` or `consumer:<name of an API key>`. */
  readonly owner: string;
  readonly type: SessionType;
  readonly state: SessionState;
  /** Null while active. */
  readonly reason: RevokeReason | null;
  /** 1 when created; one more for each change, touches excepted. Writes compare and set it. */
  readonly version: number;
  /** Whom the session is logged in as; null while anonymous. */
  readonly subject: string | null;
  readonly tenant: string | null;
  /** The browser over time, for analytics only; never authorises anything. */
  readonly visitorId: string | null;
  /** The browser's own session, when this one is a named session inside it. */
  readonly parentId: string | null;
  readonly name: string | null;
  /** SHA-256 of the token's secret, base64url. The secret itself is nowhere (ASVS 5.0 V7.2, V14.2). */
  readonly secretHash: string;
  /** The hash before the last periodic rotation; null after a change of privilege, which kills the old secret at once. */
  readonly previousSecretHash: string | null;
  /** When the present secret was issued. */
  readonly rotatedAt: number;
  /** When the present secret was first used after a periodic rotation; null until then. */
  readonly confirmedAt: number | null;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly authenticatedAt: number | null;
  /** End whatever the activity. */
  readonly expiresAt: number;
  /** End without activity, milliseconds after `lastSeenAt`. */
  readonly idleTimeout: number;
  /** Whether the holder asked to stay logged in; decides the cookie's lifetime and the timeouts. */
  readonly remembered: boolean;
  /** Scope → when this elevation ends. */
  readonly elevations: Readonly<Record<string, number>>;
  /** The application's own, JSON, limited in size. */
  readonly data: Data;
  /** The version of the application's schema that `data` was written under. */
  readonly dataVersion: number;
  /** Messages that are read once. */
  readonly flash: JsonObject;
  /** Given at creation, never changed. */
  readonly metadata: JsonObject;
  readonly client: ClientInfo | null;
  readonly attribution: Attribution | null;
  readonly pageViews: number;
  readonly convertedAt: number | null;
  readonly orderId: string | null;
}

/** When the session ends if nothing more happens: the earlier of idle and absolute timeout, epoch milliseconds. */
export function endsAt(record: Pick<SessionRecord, "expiresAt" | "lastSeenAt" | "idleTimeout">): number {
  return Math.min(record.expiresAt, record.lastSeenAt + record.idleTimeout);
}

/** Whether the session may still come in at `now`: active, and within both timeouts. */
export function isLive(record: SessionRecord, now: number): boolean {
  return record.state === "active" && now < endsAt(record);
}

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether `id` has the only shape a session id has: lower-case UUID v4. Checked before any store is asked. */
export function isSessionId(id: unknown): id is string {
  return typeof id === "string" && id.length === 36 && UUID_V4.test(id);
}
