import { CoatcheckError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import type { SessionPolicy } from "./policy.ts";
import type { Attribution, ClientInfo, SessionRecord } from "./record.ts";

/*
 * What a session may become, as pure functions from record to record. Each result is one version on. Who calls them
 * compares and sets, and may have to call them again on a newer record.
 */

/** What may be said of a session when it is made; everything else starts empty. */
export interface CreateOptions {
  /** `consumer:<name>` for a session made with an API key; a browser owns its own unless told otherwise. */
  readonly owner?: string;
  readonly subject?: string;
  readonly tenant?: string;
  readonly visitorId?: string;
  /** Makes it a named session inside a browser, together with `name`. */
  readonly parentId?: string;
  readonly name?: string;
  readonly metadata?: JsonObject;
  readonly client?: ClientInfo;
  readonly attribution?: Attribution;
  readonly remember?: boolean;
  /** Overrides the policy's, milliseconds. */
  readonly idleTimeout?: number;
  /** Overrides the policy's, milliseconds. */
  readonly absoluteTimeout?: number;
}

/** What login says of a session. */
export interface AuthenticateOptions {
  readonly tenant?: string;
  /** Keep the holder logged in: the policy's `remembered` timeouts, and a cookie that outlives the browser. */
  readonly remember?: boolean;
}

interface Birth {
  readonly id: string;
  readonly secretHash: string;
  readonly data: JsonObject;
  readonly dataVersion: number;
  readonly metadata: JsonObject;
  readonly now: number;
}

/** A new session at version 1. */
export function born(birth: Birth, options: CreateOptions, policy: SessionPolicy): SessionRecord {
  const { id, now } = birth;
  const { idleTimeout, absoluteTimeout } = options.remember ? policy.remembered : policy;
  const subject = options.subject ?? null;
  return {
    id,
    owner: options.owner ?? `browser:${options.parentId ?? id}`,
    type: subject === null ? "anonymous" : "authenticated",
    state: "active",
    reason: null,
    version: 1,
    subject,
    tenant: options.tenant ?? null,
    visitorId: options.visitorId ?? null,
    parentId: options.parentId ?? null,
    name: options.name ?? null,
    secretHash: birth.secretHash,
    previousSecretHash: null,
    rotatedAt: now,
    confirmedAt: null,
    createdAt: now,
    lastSeenAt: now,
    authenticatedAt: subject === null ? null : now,
    expiresAt: now + (options.absoluteTimeout ?? absoluteTimeout),
    idleTimeout: options.idleTimeout ?? idleTimeout,
    remembered: options.remember ?? false,
    elevations: {},
    data: birth.data,
    dataVersion: birth.dataVersion,
    flash: {},
    metadata: birth.metadata,
    client: options.client ?? null,
    attribution: options.attribution ?? null,
    pageViews: 0,
    convertedAt: null,
    orderId: null,
  };
}

/**
 * Logged in as `subject`: same id, visitor and attribution, new secret, both timeouts afresh (NIST SP 800-63B-4 §5.2).
 * The old secret dies at once, and elevations with it (ASVS 5.0 V7.2.4).
 */
export function authenticated(
  record: SessionRecord,
  subject: string,
  secretHash: string,
  options: AuthenticateOptions,
  policy: SessionPolicy,
  now: number,
): SessionRecord {
  const remembered = options.remember ?? record.remembered;
  const { idleTimeout, absoluteTimeout } = remembered ? policy.remembered : policy;
  const restarts = remembered !== record.remembered;
  return {
    ...resecured(record, secretHash, now),
    type: "authenticated",
    subject,
    tenant: options.tenant ?? (record.subject === null || record.subject === subject ? record.tenant : null),
    authenticatedAt: now,
    lastSeenAt: now,
    remembered,
    idleTimeout: restarts ? idleTimeout : record.idleTimeout,
    expiresAt: now + (restarts ? absoluteTimeout : lifetimeOf(record)),
    elevations: {},
  };
}

/** A recent, scoped re-authentication, until `until`; rotates like a login. */
export function elevated(
  record: SessionRecord,
  scope: string,
  until: number,
  secretHash: string,
  now: number,
): SessionRecord {
  const standing = Object.entries(record.elevations).filter(([, end]) => end > now);
  return {
    ...resecured(record, secretHash, now),
    lastSeenAt: now,
    elevations: { ...Object.fromEntries(standing), [scope]: until },
  };
}

/** A new secret; the old one dies at once. */
export function resecured(record: SessionRecord, secretHash: string, now: number): SessionRecord {
  return {
    ...record,
    version: record.version + 1,
    secretHash,
    previousSecretHash: null,
    rotatedAt: now,
    confirmedAt: null,
  };
}

/** Periodic rotation: the old secret goes on opening until the new one has been used, plus a grace. */
export function rotated(record: SessionRecord, secretHash: string, now: number): SessionRecord {
  return { ...resecured(record, secretHash, now), previousSecretHash: record.secretHash };
}

/** The new secret of a periodic rotation has been used. */
export function confirmed(record: SessionRecord, now: number): SessionRecord {
  return { ...record, version: record.version + 1, confirmedAt: now };
}

/** Whether the holder has recently enough proved again who they are, for `scope`. */
export function isElevated(record: SessionRecord | null, scope: string, now: number): boolean {
  // Own members only: every object has a `constructor`, which a scope from a URL may name.
  return record !== null && Object.hasOwn(record.elevations, scope) && (record.elevations[scope] ?? 0) > now;
}

/**
 * Checks that the holder has recently proved again who they are, for `scope`.
 *
 * @throws CoatcheckError `SESSION_REQUIRED` when nobody is logged in, `REAUTHENTICATION_REQUIRED` when it is too long ago.
 */
export function requireElevated(record: SessionRecord | null, scope: string, now: number): void {
  if (record === null || record.subject === null) {
    throw new CoatcheckError("SESSION_REQUIRED", "Log in first.");
  }
  if (!isElevated(record, scope, now)) {
    throw new CoatcheckError("REAUTHENTICATION_REQUIRED", `Confirm who you are to go on (${scope}).`);
  }
}

function lifetimeOf(record: SessionRecord): number {
  return record.expiresAt - (record.authenticatedAt ?? record.createdAt);
}

/** New data, and messages to be read once. */
export function changed(
  record: SessionRecord,
  change: Partial<Pick<SessionRecord, "data" | "dataVersion" | "flash" | "lastSeenAt">>,
): SessionRecord {
  return { ...record, ...change, version: record.version + 1 };
}
