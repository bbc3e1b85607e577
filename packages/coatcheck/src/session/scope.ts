import { type Fault, invalidInputError } from "./errors.ts";
import { type KnownOptions, requireKnownOptions } from "./known-options.ts";
import { isSessionId } from "./record.ts";
import type { PageRequest, RevocationScope, SessionFilter } from "./store.ts";
import { describeValue, usageError } from "./usage-error.ts";

/*
 * This file checks the arguments of `list`, `revoke` and `invalidate`, for the manager and for every store. A scope or
 * filter with an undefined member would select everyone's sessions. The subject of an anonymous session, for example,
 * can be undefined by mistake.
 */

const FILTER_FIELDS = {
  subject: true,
  tenant: true,
  visitorId: true,
  parentId: true,
  owner: true,
  type: true,
  state: true,
  liveAt: true,
} satisfies KnownOptions<SessionFilter>;

const SCOPE_FIELDS = {
  session: true,
  subject: true,
  except: true,
  tenant: true,
  everyone: "boolean",
} satisfies KnownOptions<RevocationScope>;

const PAGE_FIELDS = { limit: true, cursor: true } satisfies KnownOptions<PageRequest>;

const SESSION_TYPES = ["anonymous", "authenticated"];
const SESSION_STATES = ["active", "revoked"];

/**
 * Checks the filter of a list.
 *
 * @throws UsageError for an unknown or undefined field; CoatcheckError `VALIDATION_FAILED` for an empty string.
 */
export function requireFilter(filter: SessionFilter): void {
  requireKnownOptions("session filter", filter, FILTER_FIELDS);
  const { liveAt, type, state, ...texts } = filter;
  const faults: Fault[] = [];
  if ("type" in filter && !SESSION_TYPES.includes(String(type)))
    faults.push(oneOfFault("type", type, SESSION_TYPES));
  if ("state" in filter && !SESSION_STATES.includes(String(state)))
    faults.push(oneOfFault("state", state, SESSION_STATES));
  if ("liveAt" in filter && !Number.isFinite(liveAt)) {
    faults.push({
      path: "liveAt",
      message: `must be a time in epoch milliseconds (got ${describeValue(liveAt)})`,
    });
  }
  if (faults.length > 0) throw usageError("session filter", faults);
  requireNonEmpty("session filter", texts, "; omit it to match every session");
}

/**
 * Checks a revocation scope.
 *
 * @throws UsageError unless the scope has exactly one of `session`, `subject`, `tenant` and `everyone`, with a value;
 *   CoatcheckError `VALIDATION_FAILED` for an empty string.
 */
export function requireScope(scope: RevocationScope): void {
  requireKnownOptions("revocation scope", scope, SCOPE_FIELDS);
  const given: { readonly [Name in keyof typeof SCOPE_FIELDS]?: unknown } = scope;
  const { except, everyone, session, ...names } = given;
  if (Object.keys(given).filter((name) => name !== "except").length !== 1) {
    const message = "must have exactly one of session, subject, tenant and everyone";
    throw usageError("revocation scope", [{ path: "", message }]);
  }
  const faults: Fault[] = [];
  if ("everyone" in given && everyone !== true) faults.push({ path: "everyone", message: "must be true" });
  if ("session" in given && typeof session !== "string") {
    faults.push({ path: "session", message: `must be a session id (got ${describeValue(session)})` });
  }
  if ("except" in given && !("subject" in given)) {
    faults.push({ path: "except", message: 'must be omitted, because the scope has no "subject"' });
  } else if ("except" in given && !isSessionId(except)) {
    faults.push({ path: "except", message: `must be a session id (got ${describeValue(except)})` });
  }
  if (faults.length > 0) throw usageError("revocation scope", faults);
  requireNonEmpty("revocation scope", names, "");
}

/** The longest key, in characters. PostgreSQL limits the size of the notifications that contain keys. */
const MAX_KEY_LENGTH = 512;

/**
 * Checks the key of an invalidation.
 *
 * @throws UsageError for a value of another type; CoatcheckError `VALIDATION_FAILED` for an empty or a long string.
 */
export function requireKey(key: string): void {
  const input = "invalidation";
  if (typeof key !== "string") {
    throw usageError(input, [{ path: "key", message: `must be a string (got ${describeValue(key)})` }]);
  }
  if (key.length > 0 && key.length <= MAX_KEY_LENGTH) return;
  const message = `must have 1 to ${MAX_KEY_LENGTH} characters (got ${key.length})`;
  throw invalidInputError(input, [{ path: "key", message }]);
}

/** Checks that the page request is an object with known fields. `readPageRequest` also checks its limit and cursor. */
export function requirePage(page: PageRequest): void {
  requireKnownOptions("page request", page, PAGE_FIELDS);
}

function oneOfFault(path: string, value: unknown, allowed: readonly string[]): Fault {
  return { path, message: `must be one of ${allowed.join(", ")} (got ${describeValue(value)})` };
}

function requireNonEmpty(input: string, texts: Readonly<Record<string, unknown>>, hint: string): void {
  for (const [path, text] of Object.entries(texts)) {
    const message = `must be a non-empty string (got ${describeValue(text)})${hint}`;
    if (typeof text !== "string") throw usageError(input, [{ path, message }]);
    if (text === "") throw invalidInputError(input, [{ path, message }]);
  }
}

/**
 * Rejects a session's token in place of its id, because a revocation would find no session, and the session would stay
 * valid.
 *
 * @throws CoatcheckError `VALIDATION_FAILED`, without the token.
 */
export function requireNoToken(id: string, ring: { hasValidSeal(token: string): boolean }): void {
  if (!ring.hasValidSeal(id)) return;
  throw invalidInputError("revocation scope", [
    { path: "session", message: "must be a session's id, such as record.id (got its token)" },
  ]);
}
