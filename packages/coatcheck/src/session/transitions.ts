import { bindingOf, needsProof, type RequestClient } from "./binding.ts";
import { CoatcheckError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import type { SessionPolicy } from "./policy.ts";
import type { ClientInfo, SessionRecord } from "./record.ts";
import { forbidWhileImpersonating } from "./recorded-actor.ts";
import type { RecordedBinding } from "./recorded-binding.ts";
import { requireStrings } from "./strings.ts";
import type { TokenFields } from "./token-rules.ts";

/*
 * The changes of a session as pure functions from record to record. Each result has `version + 1`. The writer stores
 * the result by compare-and-set. After a conflict it calls the function again with the newer record.
 */

/** Fields of a new session. All fields are optional and empty by default. */
export interface CreateOptions {
  /** `consumer:<name>` for a session that was created with an API key. Default: the session's own browser. */
  readonly owner?: string;
  /** The user or customer id. Must be unique across all tenants, for example `acme:1`. */
  readonly subject?: string;
  /**
   * The company or site. The session limit and the lists of a user's sessions ignore it: they use the subject alone.
   */
  readonly tenant?: string;
  readonly visitorId?: string;
  /** The id of the browser's own session. Set it together with `name` to create a named session inside that session. */
  readonly parentId?: string;
  readonly name?: string;
  readonly metadata?: JsonObject;
  /** The description of the client; null stores none. Default: the request's `User-Agent` header. */
  readonly client?: ClientInfo | null;
  /** See {@link AuthenticateOptions.rememberMe}. */
  readonly rememberMe?: boolean;
  /** Overrides the policy's idle timeout, in milliseconds. */
  readonly idleTimeout?: number;
  /** Overrides the policy's absolute timeout, in milliseconds. */
  readonly absoluteTimeout?: number;
}

/** Options of a login. */
export interface AuthenticateOptions {
  /**
   * The session's new tenant. Equal subjects in two tenants are still the same user. Default: unchanged for the same
   * subject; no tenant for another subject.
   */
  readonly tenant?: string;
  /**
   * `true`: the policy's `rememberMe` timeouts. `false`: the cookie ends with the browser. Default: the choice of the
   * session's previous login. Without a previous login, the policy's `persistentCookie`.
   */
  readonly rememberMe?: boolean;
  /**
   * Whether a repeated login of the same subject invalidates the older token at once. Default: false. The older token
   * then stays valid until the new token is used, because the response may be lost.
   */
  readonly strict?: boolean;
}

/** The validated and generated values of a new record. */
interface NewRecordValues {
  readonly id: string;
  readonly secretHash: string;
  readonly data: JsonObject;
  readonly dataVersion: number;
  readonly metadata: JsonObject;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Creates the record of a new session, with version 1. */
export function newRecord(
  values: NewRecordValues,
  options: CreateOptions,
  policy: SessionPolicy,
): SessionRecord {
  const { id, now } = values;
  const rememberMe = options.rememberMe ?? (policy.persistentCookie ? null : false);
  const { idleTimeout, absoluteTimeout } = rememberMe ? policy.rememberMe : policy;
  const subject = options.subject ?? null;
  return {
    id,
    owner: options.owner ?? `browser:${options.parentId ?? id}`,
    type: subject === null ? "anonymous" : "authenticated",
    state: "active",
    reason: null,
    version: 1,
    subject,
    actor: null,
    tenant: options.tenant ?? null,
    visitorId: options.visitorId ?? null,
    parentId: options.parentId ?? null,
    name: options.name ?? null,
    secretHash: values.secretHash,
    olderSecrets: [],
    wrappedSecret: null,
    rotatedAt: now,
    tokenUsedAt: null,
    tokenUsedVersion: null,
    createdAt: now,
    lastSeenAt: now,
    authenticatedAt: subject === null ? null : now,
    expiresAt: now + (options.absoluteTimeout ?? absoluteTimeout),
    idleTimeout: options.idleTimeout ?? idleTimeout,
    rememberMe,
    elevations: {},
    data: values.data,
    dataVersion: values.dataVersion,
    flash: {},
    metadata: values.metadata,
    client: options.client ?? null,
    binding: null,
    visit: null,
    conversion: null,
  };
}

/** The values that a login writes to a record. */
interface LoginValues {
  readonly subject: string;
  readonly token: TokenFields;
  readonly options: AuthenticateOptions;
  readonly policy: SessionPolicy;
  /** The client that logs in. Null for a login by session id, and if sessions are not bound to clients. */
  readonly client: RequestClient | null;
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * Logs a session in: keeps id and visitor, sets a new token, ends every elevation, and restarts both timeouts (NIST SP
 * 800-63B-4 §5.2, ASVS 5.0 V7.2.4).
 */
export function withLogin(record: SessionRecord, login: LoginValues): SessionRecord {
  const { subject, token, options, policy, client, now } = login;
  const tenant =
    options.tenant ?? (record.subject === null || record.subject === subject ? record.tenant : null);
  const rememberMe = options.rememberMe ?? record.rememberMe;
  const { idleTimeout, absoluteTimeout } = rememberMe ? policy.rememberMe : policy;
  const hasOtherTimeouts = (rememberMe ?? false) !== (record.rememberMe ?? false);
  return {
    ...record,
    ...token,
    version: record.version + 1,
    type: "authenticated",
    subject,
    tenant,
    authenticatedAt: now,
    lastSeenAt: now,
    rememberMe,
    idleTimeout: hasOtherTimeouts ? idleTimeout : record.idleTimeout,
    expiresAt: now + (hasOtherTimeouts ? absoluteTimeout : lifetimeOf(record)),
    elevations: {},
    binding: client && bindingOf(client, tenant),
  };
}

/** A new elevation. */
interface ElevationValues {
  readonly scope: string;
  /** When the elevation ends, epoch milliseconds. */
  readonly until: number;
  readonly token: TokenFields;
  /** The earlier elevations that the new token keeps. */
  readonly elevations: SessionRecord["elevations"];
  /** The client that steps up. Null for a step-up by session id, and if sessions are not bound to clients. */
  readonly client: RequestClient | null;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Adds an elevation, drops elevations that have ended, and sets a new token. */
export function withElevation(record: SessionRecord, elevation: ElevationValues): SessionRecord {
  const { scope, until, token, elevations, client, now } = elevation;
  const current = Object.entries(elevations).filter(([, end]) => end > now);
  return {
    ...record,
    ...token,
    version: record.version + 1,
    lastSeenAt: now,
    elevations: { ...Object.fromEntries(current), [scope]: until },
    binding: client ? bindingOf(client, record.tenant) : bindingAfterElevationById(record),
  };
}

/**
 * Returns the binding after a step-up by session id. If another client than the bound one has used the session, such a
 * step-up does not show which of the two belongs to the user, so the session is bound to neither.
 */
function bindingAfterElevationById(record: SessionRecord): RecordedBinding | null {
  return needsProof(record) ? null : record.binding;
}

/** Ends every elevation, and requires a new proof of the user's identity. */
export function withProofRequired(record: SessionRecord, now: number): SessionRecord {
  const { binding, version } = record;
  return {
    ...record,
    version: version + 1,
    elevations: {},
    binding: binding && { ...binding, changedAt: now },
  };
}

/** Whether the session has an elevation for `scope` at `now`. */
export function isElevated(record: SessionRecord | null, scope: string, now: number): boolean {
  requireStrings({ scope });
  // Checks own members only: a scope may come from a URL, and every object inherits `constructor`.
  return record !== null && Object.hasOwn(record.elevations, scope) && (record.elevations[scope] ?? 0) > now;
}

/**
 * Checks that the session has an elevation for `scope` at `now`.
 *
 * @throws CoatcheckError `SESSION_REQUIRED` while anonymous; `FORBIDDEN` while impersonating;
 *   `REAUTHENTICATION_REQUIRED` without a current elevation.
 */
export function requireElevated(record: SessionRecord | null, scope: string, now: number): void {
  requireStrings({ scope });
  if (record === null || record.subject === null) {
    throw new CoatcheckError("SESSION_REQUIRED", "Log in first.");
  }
  forbidWhileImpersonating(record, scope);
  if (!isElevated(record, scope, now)) {
    const message = `Re-authenticate to continue: "${scope}" requires a recent confirmation of your identity.`;
    throw new CoatcheckError("REAUTHENTICATION_REQUIRED", message);
  }
}

function lifetimeOf(record: SessionRecord): number {
  return record.expiresAt - (record.authenticatedAt ?? record.createdAt);
}

/** Changes fields of a record, except its subject and its state. */
export function withChanges(
  record: SessionRecord,
  change: Partial<Omit<SessionRecord, "id" | "version" | "subject" | "type" | "state">>,
): SessionRecord {
  return { ...record, ...change, version: record.version + 1 };
}
