import { type Cookie, cookieMaxAge, cookieValues } from "../http/cookie.ts";
import { addVary, type HttpRequest, type ResponseHeaders } from "../http/message.ts";
import type { MigrationRecord } from "./migration-records.ts";

/**
 * The outcome of the migration for one request.
 *
 * - `absent`: the request has no legacy session, or its Coatcheck token must not be replaced by the migration.
 * - `already-migrated`: the browser is already logged in with a Coatcheck session.
 * - `migrated`: the request continues with the new session, which replaces the legacy session.
 * - `already-used`: a browser already uses the token of the new session, so the legacy cookie is no longer accepted.
 * - `ended`: the new session was revoked or has expired.
 * - `expired`: the legacy session has expired, or the legacy system no longer has it.
 * - `rejected`: `validate` returned null.
 * - `over-limit`: the subject has reached its session limit.
 * - `unreadable`: the legacy cookie is malformed, forged, or made with an unknown key.
 */
export type MigrationOutcome =
  | "absent"
  | "already-migrated"
  | "migrated"
  | "already-used"
  | "ended"
  | "expired"
  | "rejected"
  | "over-limit"
  | "unreadable";

/** The new session of a request, and the cookie that carries its token. */
interface MigratedSession {
  readonly openMigrationRecord: Extract<MigrationRecord, { state: "open" }>;
  readonly cookie: Cookie;
  /** The original `Cookie` header of the request. */
  readonly cookieHeader: string;
}

/** Migrates the legacy sessions of requests, before `coatcheck()` handles the requests. */
export interface RequestMigrator {
  /**
   * Migrates the legacy session of a request.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE` when a store, the legacy system or `validate` fails.
   */
  migrate(request: HttpRequest): Promise<MigrationResult>;
}

/** The result of the migration for one request: its new `Cookie` header, and the cookies to set in the response. */
export class MigrationResult {
  readonly outcome: MigrationOutcome;
  readonly #clearingHeaders: readonly string[];
  readonly #migratedSession: MigratedSession | null;

  /** @param clears - `Set-Cookie` headers that clear the legacy cookies. */
  constructor(
    outcome: MigrationOutcome,
    clears: readonly string[] = [],
    migrated: MigratedSession | null = null,
  ) {
    this.outcome = outcome;
    this.#clearingHeaders = clears;
    this.#migratedSession = migrated;
  }

  /** The new `Cookie` header for the rest of the request; undefined when it does not change. */
  get cookieHeader(): string | undefined {
    if (this.#migratedSession === null) return undefined;
    const { openMigrationRecord: record, cookie, cookieHeader } = this.#migratedSession;
    const others = cookieHeader.split(";").filter((pair) => cookieValues(pair, cookie.name).length === 0);
    return [`${cookie.name}=${record.token}`, ...others.map((pair) => pair.trim())].join("; ");
  }

  /** Whether the response needs no additional headers. */
  get isUnchanged(): boolean {
    return this.#clearingHeaders.length === 0 && this.#migratedSession === null;
  }

  /** Sets the session cookie and clears the legacy cookies. Call it immediately before the headers are sent. */
  applyTo(headers: ResponseHeaders): void {
    if (this.isUnchanged) return;
    // A shared cache must not store this response, because it would send one browser's session to others.
    headers.set("cache-control", "private, no-store");
    addVary(headers, "Cookie");
    for (const clear of this.#clearingHeaders) headers.append("set-cookie", clear);
    if (this.#migratedSession === null) return;
    const { cookie, openMigrationRecord: record } = this.#migratedSession;
    // Do not replace a session cookie that the handler has already set, by a logout or a rotation for example.
    if (` ${headers.get("set-cookie")}`.includes(` ${cookie.name}=`)) return;
    headers.append("set-cookie", cookie.set(record.token, cookieMaxAge(record.record)));
  }
}
