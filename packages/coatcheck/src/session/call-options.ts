import { type KnownOptions, requireKnownOptions, requireKnownPart, requireOneOf } from "./known-options.ts";
import type { ClientInfo, RevokeReason } from "./record.ts";
import { requireStrings } from "./strings.ts";
import type { AuthenticateOptions, CreateOptions } from "./transitions.ts";
import { misuse, shown } from "./usage-error.ts";

/* Checks of the arguments of the manager's and the session's methods, before they write. */

const NEW_SESSION_FIELDS = {
  owner: true,
  subject: true,
  tenant: true,
  visitorId: true,
  parentId: true,
  name: true,
  metadata: true,
  client: true,
  rememberMe: true,
  idleTimeout: true,
  absoluteTimeout: true,
} satisfies KnownOptions<CreateOptions>;

const CREATE_OPTIONS = { ...NEW_SESSION_FIELDS, data: true } satisfies KnownOptions<
  CreateOptions & { data?: unknown }
>;

const CLIENT_FIELDS = {
  address: true,
  userAgent: true,
  browser: true,
  os: true,
  device: true,
  country: true,
  city: true,
} satisfies KnownOptions<ClientInfo>;

const LOGIN_OPTIONS = {
  tenant: true,
  rememberMe: true,
  strict: true,
} satisfies KnownOptions<AuthenticateOptions>;

/** The options of `SessionManager.patch`. */
export interface PatchOptions {
  /** Throws `CONFLICT` unless the session is at this version. Default: any version. */
  readonly ifVersion?: number;
}
const PATCH_OPTIONS = { ifVersion: true } satisfies KnownOptions<PatchOptions>;

/** The options of `SessionManager.revoke`. */
export interface RevokeOptions {
  /** Resolves when no node can still serve a cached copy of the sessions. Default: resolves at commit. */
  readonly wait?: "everywhere";
}
const REVOKE_OPTIONS = { wait: true } satisfies KnownOptions<RevokeOptions>;

const REVOKE_REASONS = {
  logout: true,
  revoked: true,
  admin: true,
  "token-reuse": true,
  limit: true,
  "subject-disabled": true,
  "credentials-changed": true,
} satisfies Record<RevokeReason, true>;

/** Checks the options of `create`. Throws `UsageError`. */
export function requireCreateOptions(options: CreateOptions & { data?: unknown }): void {
  requireKnownOptions("options of create()", options, CREATE_OPTIONS);
  requireClient(options);
}

/** Checks and returns the fields for a session that a request creates. Throws `UsageError`. */
export function checkedNewSession(fields: CreateOptions): CreateOptions {
  requireKnownOptions("fields of a new session", fields, NEW_SESSION_FIELDS);
  requireClient(fields);
  return fields;
}

function requireClient(fields: CreateOptions): void {
  if (fields.client !== null) requireKnownPart("fields of a new session", fields, "client", CLIENT_FIELDS);
}

/** Checks the arguments of a login. Throws `UsageError`; `VALIDATION_FAILED` for an empty subject. */
export function requireLoginArguments(subject: string, options: AuthenticateOptions): void {
  requireStrings({ subject });
  requireKnownOptions("options of authenticate()", options, LOGIN_OPTIONS);
}

/** Checks the options of `patch`. Throws `UsageError`. */
export function requirePatchOptions(options: PatchOptions): void {
  requireKnownOptions("options of patch()", options, PATCH_OPTIONS);
}

/** Checks the options of `revoke`. Throws `UsageError`. */
export function requireRevokeOptions(options: RevokeOptions): void {
  requireKnownOptions("options of revoke()", options, REVOKE_OPTIONS);
  requireOneOf("options of revoke()", "wait", options.wait, ["everywhere"]);
}

/** Checks the reason of a revocation, in whose place untyped callers pass the options. Throws `UsageError`. */
export function requireRevokeReason(reason: RevokeReason): void {
  requireOneOf("revocation", "reason", reason, Object.keys(REVOKE_REASONS));
}

/** Checks the retention of a sweep: with NaN, a store would delete live sessions. Throws `UsageError`. */
export function requireRetention(retention: number): void {
  if (Number.isFinite(retention) && retention >= 0) return;
  const message = `must be a number of milliseconds, 0 or more (got ${shown(retention)})`;
  throw misuse("sweep", [{ path: "retention", message }]);
}
