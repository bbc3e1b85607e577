import { CoatcheckError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import type { SessionPolicy } from "./policy.ts";
import type { ClientInfo, SessionRecord } from "./record.ts";

/*
 * The changes of a session as pure functions from record to record. Each result has `version + 1`. The writer stores it by
 * compare-and-set, and calls the function again with the newer record after a conflict.
 */

/** Fields of a new session. Every one is optional and empty by default. */
export interface CreateOptions {
  /** `consumer:<name>` for a session created with an API key. Default: the browser that holds the session. */
  readonly owner?: string;
  readonly subject?: string;
  readonly tenant?: string;
  readonly visitorId?: string;
  /** The id of the browser's own session; together with `name` it makes a named session inside it. */
  readonly parentId?: string;
  readonly name?: string;
  readonly metadata?: JsonObject;
  readonly client?: ClientInfo;
  /** Uses the policy's `rememberMe` timeouts. Default: false. */
  readonly rememberMe?: boolean;
  /** Overrides the policy's, milliseconds. */
  readonly idleTimeout?: number;
  /** Overrides the policy's, milliseconds. */
  readonly absoluteTimeout?: number;
}

/** Options of a login. */
export interface AuthenticateOptions {
  /** The tenant from now on. Default: unchanged for the same subject, none for another one. */
  readonly tenant?: string;
  /** Uses the policy's `rememberMe` timeouts and a cookie that outlives the browser. Default: the session's present choice. */
  readonly rememberMe?: boolean;
}

/** The validated and generated values of a new record. */
interface NewRecord {
  readonly id: string;
  readonly secretHash: string;
  readonly data: JsonObject;
  readonly dataVersion: number;
  readonly metadata: JsonObject;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** A new session at version 1. */
export function newRecord(values: NewRecord, options: CreateOptions, policy: SessionPolicy): SessionRecord {
  const { id, now } = values;
  const { idleTimeout, absoluteTimeout } = options.rememberMe ? policy.rememberMe : policy;
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
    secretHash: values.secretHash,
    previousSecretHash: null,
    rotatedAt: now,
    confirmedAt: null,
    createdAt: now,
    lastSeenAt: now,
    authenticatedAt: subject === null ? null : now,
    expiresAt: now + (options.absoluteTimeout ?? absoluteTimeout),
    idleTimeout: options.idleTimeout ?? idleTimeout,
    rememberMe: options.rememberMe ?? false,
    elevations: {},
    data: values.data,
    dataVersion: values.dataVersion,
    flash: {},
    metadata: values.metadata,
    client: options.client ?? null,
  };
}

/** A login. */
interface Login {
  readonly subject: string;
  readonly secretHash: string;
  readonly options: AuthenticateOptions;
  readonly policy: SessionPolicy;
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * A login: keeps id and visitor, sets a new secret, and restarts both timeouts (NIST SP 800-63B-4 §5.2).
 * Invalidates the older token and every elevation at once (ASVS 5.0 V7.2.4).
 */
export function withLogin(record: SessionRecord, login: Login): SessionRecord {
  const { subject, secretHash, options, policy, now } = login;
  const rememberMe = options.rememberMe ?? record.rememberMe;
  const { idleTimeout, absoluteTimeout } = rememberMe ? policy.rememberMe : policy;
  const hasOtherTimeouts = rememberMe !== record.rememberMe;
  return {
    ...withNewSecret(record, secretHash, now),
    type: "authenticated",
    subject,
    tenant: options.tenant ?? (record.subject === null || record.subject === subject ? record.tenant : null),
    authenticatedAt: now,
    lastSeenAt: now,
    rememberMe,
    idleTimeout: hasOtherTimeouts ? idleTimeout : record.idleTimeout,
    expiresAt: now + (hasOtherTimeouts ? absoluteTimeout : lifetimeOf(record)),
    elevations: {},
  };
}

/** A step-up. */
interface Elevation {
  readonly scope: string;
  /** When the elevation ends, epoch milliseconds. */
  readonly until: number;
  readonly secretHash: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** A step-up: adds an elevation, drops the ones that have ended, and sets a new secret like a login. */
export function withElevation(
  record: SessionRecord,
  { scope, until, secretHash, now }: Elevation,
): SessionRecord {
  const current = Object.entries(record.elevations).filter(([, end]) => end > now);
  return {
    ...withNewSecret(record, secretHash, now),
    lastSeenAt: now,
    elevations: { ...Object.fromEntries(current), [scope]: until },
  };
}

/** A new secret. Invalidates the older token at once. */
export function withNewSecret(record: SessionRecord, secretHash: string, now: number): SessionRecord {
  return {
    ...record,
    version: record.version + 1,
    secretHash,
    previousSecretHash: null,
    rotatedAt: now,
    confirmedAt: null,
  };
}

/** A periodic rotation: the older token stays valid until the first use of the new one, and for a grace after it. */
export function withRotatedSecret(record: SessionRecord, secretHash: string, now: number): SessionRecord {
  return { ...withNewSecret(record, secretHash, now), previousSecretHash: record.secretHash };
}

/** The first use of the new secret after a periodic rotation. */
export function withConfirmedSecret(record: SessionRecord, now: number): SessionRecord {
  return { ...record, version: record.version + 1, confirmedAt: now };
}

/** Whether the session has an elevation for `scope` at `now`. */
export function isElevated(record: SessionRecord | null, scope: string, now: number): boolean {
  // Own members only: a scope may come from a URL, and every object inherits a `constructor`.
  return record !== null && Object.hasOwn(record.elevations, scope) && (record.elevations[scope] ?? 0) > now;
}

/**
 * Checks that the session has an elevation for `scope` at `now`.
 *
 * @throws CoatcheckError `SESSION_REQUIRED` while anonymous; `REAUTHENTICATION_REQUIRED` without a current elevation.
 */
export function requireElevated(record: SessionRecord | null, scope: string, now: number): void {
  if (record === null || record.subject === null) {
    throw new CoatcheckError("SESSION_REQUIRED", "Log in first.");
  }
  if (!isElevated(record, scope, now)) {
    const message = `Re-authenticate to continue: "${scope}" requires a recent confirmation of your identity.`;
    throw new CoatcheckError("REAUTHENTICATION_REQUIRED", message);
  }
}

function lifetimeOf(record: SessionRecord): number {
  return record.expiresAt - (record.authenticatedAt ?? record.createdAt);
}

/** New data, flash messages or activity. Keeps the secret. */
export function withChanges(
  record: SessionRecord,
  change: Partial<Pick<SessionRecord, "data" | "dataVersion" | "flash" | "lastSeenAt">>,
): SessionRecord {
  return { ...record, ...change, version: record.version + 1 };
}
