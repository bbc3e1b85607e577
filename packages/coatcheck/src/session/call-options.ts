import { isJsonObject, type JsonObject } from "./json.ts";
import {
  type KnownOptions,
  requireKnownNestedOptions,
  requireKnownOptions,
  requireOneOf,
} from "./known-options.ts";
import type { Mutex } from "./mutex.ts";
import { MAX_DURATION } from "./policy.ts";
import type { ClientInfo, RevokeReason } from "./record.ts";
import { warnOfShortDurations } from "./short-durations.ts";
import { requireStrings } from "./strings.ts";
import type { AuthenticateOptions, CreateOptions } from "./transitions.ts";
import { describeValue, usageError } from "./usage-error.ts";

/* This file checks the arguments of `SessionManager` and `Session` methods, before a method writes. */

const NEW_SESSION_FIELDS = {
  owner: true,
  subject: true,
  tenant: true,
  visitorId: true,
  parentId: true,
  name: true,
  metadata: true,
  client: true,
  rememberMe: "boolean",
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
  rememberMe: "boolean",
  strict: "boolean",
} satisfies KnownOptions<AuthenticateOptions>;

/** The options of `SessionManager.patch`. */
export interface PatchOptions {
  /**
   * The version that the session must have. Any other version throws `CONFLICT`. Default: every version is accepted.
   */
  readonly ifVersion?: number;
}
const PATCH_OPTIONS = { ifVersion: "number" } satisfies KnownOptions<PatchOptions>;

/** The options of `SessionManager.revoke`. */
export interface RevokeOptions {
  /**
   * `everywhere`: resolves once no node can still serve a cached copy of the sessions. Default: resolves once the store
   * has revoked them.
   */
  readonly wait?: "everywhere";
}
const REVOKE_OPTIONS = { wait: true } satisfies KnownOptions<RevokeOptions>;

const REVOKE_REASONS = {
  logout: true,
  revoked: true,
  admin: true,
  "token-reuse": true,
  "client-changed": true,
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
export function checkNewSession(fields: CreateOptions): CreateOptions {
  requireKnownOptions("fields of a new session", fields, NEW_SESSION_FIELDS);
  requireClient(fields);
  requireTimeouts("fields of a new session", fields);
  return fields;
}

/**
 * Rejects an idle timeout that never applies, and warns of short timeouts. Do not call it for a session that inherits
 * the remaining time of another login, which may be short. Throws `UsageError`.
 */
export function requireTimeouts(input: string, { idleTimeout, absoluteTimeout }: CreateOptions): void {
  if (idleTimeout !== undefined && absoluteTimeout !== undefined && idleTimeout > absoluteTimeout) {
    const message = `must be at most absoluteTimeout, ${absoluteTimeout} (got ${idleTimeout})`;
    throw usageError(input, [{ path: "idleTimeout", message }]);
  }
  warnOfShortDurations(input, "lifetime", { idleTimeout, absoluteTimeout });
}

function requireClient(fields: CreateOptions): void {
  const input = "fields of a new session";
  if (fields.client !== null) requireKnownNestedOptions(input, fields, "client", CLIENT_FIELDS);
  for (const [name, value] of Object.entries(fields.client ?? {})) {
    if (typeof value === "string" || value === null || value === undefined) continue;
    const message = `must be a string or null (got ${describeValue(value)})`;
    throw usageError(input, [{ path: `client.${name}`, message }]);
  }
}

/** Checks the arguments of a login. Throws `UsageError`; `VALIDATION_FAILED` for an empty subject. */
export function requireLoginArguments(subject: string, options: AuthenticateOptions): void {
  requireStrings({ subject });
  requireKnownOptions("options of authenticate()", options, LOGIN_OPTIONS);
}

/**
 * Checks the arguments of `flash`. Throws `UsageError` for a missing message, and `VALIDATION_FAILED` for an invalid
 * name.
 */
export function requireFlash(name: string, message: unknown): void {
  requireStrings({ name });
  if (message === undefined) {
    throw usageError("call of flash()", [
      { path: "message", message: "must be a JSON value (got undefined)" },
    ]);
  }
}

/**
 * Wraps the application's function that `update` calls. The function receives a copy of the data and must return the
 * new data: changing the argument changes nothing. The wrapper throws `UsageError` for any other result.
 *
 * @param mutex the mutex of the session handle; null for an update by session id.
 */
export function wrapUpdate<Data>(
  change: (data: Data) => Data | Promise<Data>,
  mutex: Mutex | null = null,
): (data: JsonObject) => Data | Promise<Data> {
  const input = "call of update()";
  if (typeof change !== "function") {
    throw usageError(input, [
      { path: "change", message: `must be a function (got ${describeValue(change)})` },
    ]);
  }
  const requireData = (changed: Data): Data => {
    if (isJsonObject(changed)) return changed;
    throw usageError(input, [
      { path: "change", message: `must return the new data as an object (got ${describeValue(changed)})` },
    ]);
  };
  return (data) => {
    const copy = structuredClone(data) as Data;
    const changed = mutex ? mutex.call(() => change(copy)) : change(copy);
    return isThenable(changed) ? Promise.resolve(changed).then(requireData) : requireData(changed);
  };
}

/** Whether a value can be awaited. Also recognizes the promises of libraries that define their own class. */
function isThenable<Value>(value: Value | Promise<Value>): value is Promise<Value> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

/**
 * Checks that a method was called without arguments. A callback, for example, would never be called. Throws
 * `UsageError`.
 */
export function requireNoArguments(method: string, given: readonly unknown[]): void {
  if (given.length === 0) return;
  throw usageError(`call of ${method}`, [
    {
      path: "",
      message: `takes no arguments (got ${describeValue(given[0])}); await the promise that it returns`,
    },
  ]);
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

/** Checks the reason of a revocation. Untyped callers may pass the options in its place. Throws `UsageError`. */
export function requireRevokeReason(reason: RevokeReason): void {
  requireOneOf("revocation", "reason", reason, Object.keys(REVOKE_REASONS));
}

/**
 * Checks the arguments of a sweep. A retention of NaN would make a store delete live sessions. A time instead of a
 * duration, or a limit of 0, would delete nothing. Throws `UsageError`.
 */
export function requireSweepArguments(retention: number, limit: number): void {
  const isDuration = typeof retention === "number" && retention >= 0 && retention <= MAX_DURATION;
  if (!isDuration) {
    const message = `must be a number of milliseconds, from 0 to 25 years (got ${describeValue(retention)})`;
    throw usageError("sweep", [{ path: "retention", message }]);
  }
  warnOfShortDurations("call of sweep()", "lifetime", { retention });
  if (Number.isSafeInteger(limit) && limit > 0) return;
  const message = `must be a whole number, 1 or more (got ${describeValue(limit)})`;
  throw usageError("sweep", [{ path: "limit", message }]);
}
