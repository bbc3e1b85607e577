import { userAgentInfo } from "../http/client-info.ts";
import { HttpSessions } from "../http/http-sessions.ts";
import type { HttpRequest } from "../http/message.ts";
import type { HttpOptions } from "../http/options.ts";
import { readTokens } from "../http/read-tokens.ts";
import { CoatcheckError, storeUnavailableError } from "../session/errors.ts";
import {
  type KnownOptions,
  requireKnownNestedOptions,
  requireKnownOptions,
} from "../session/known-options.ts";
import type { SessionManager } from "../session/manager.ts";
import type { MaybePromise } from "../session/maybe-promise.ts";
import { Session } from "../session/session.ts";
import { UsageError } from "../session/usage-error.ts";
import { type ClearOptions, clearingHeaders } from "./clear-cookies.ts";
import { LegacyCookies } from "./cookies.ts";
import { inheritedLifetimeOptions } from "./lifetime.ts";
import { type MigratedUser, type MigrationRecord, MigrationRecords } from "./migration-records.ts";
import { type MigrationOutcome, MigrationResult, type RequestMigrator } from "./migration-result.ts";
import type { LegacyReader, LegacySession } from "./reader.ts";

/** Options of {@link migrate}. */
export interface MigrateOptions<Found, Data> {
  readonly manager: SessionManager<Data>;
  /** The same options that `coatcheck()` receives. */
  readonly http?: HttpOptions;
  /** The readers, tried in order. The first one that finds an authentic cookie is used. */
  readonly readers: readonly LegacyReader<Found>[];
  /**
   * Decides whether the user of a legacy session may log in, and returns the fields of the new session. Null rejects
   * the legacy session permanently, for example for a deleted user. An error is treated as an outage: nothing changes,
   * and the next request tries again.
   *
   * If the reader knows when the legacy session would have ended, the new session ends at that time. The result can
   * change that with `rememberMe`, `idleTimeout` or `absoluteTimeout`.
   *
   * @param visitor - the data of the browser's anonymous Coatcheck session, which the new session replaces; null when
   *   there is none.
   */
  readonly validate: (found: Found, visitor: Data | null) => MaybePromise<MigratedUser<Data> | null>;
  readonly clear?: ClearOptions;
  /**
   * Whether to keep the legacy cookies and sessions while the new session is active, so that the migration can be
   * undone. Default: false.
   */
  readonly keepLegacy?: boolean;
  /** Called for each request. When it returns false, the migration does nothing. Default: always enabled. */
  readonly enabled?: () => boolean;
  /** Called with the outcome of each request that carries a legacy cookie, for metrics. */
  readonly observe?: (outcome: MigrationOutcome, kind: string | null) => void;
}

const MIGRATE_OPTIONS = {
  manager: true,
  http: true,
  readers: true,
  validate: "function",
  clear: true,
  keepLegacy: "boolean",
  enabled: "function",
  observe: "function",
} satisfies KnownOptions<MigrateOptions<unknown, unknown>>;
const CLEAR_OPTIONS = { names: true, domains: true, paths: true } satisfies KnownOptions<ClearOptions>;

/** An authentic legacy session, and the kind of the reader that found it. `key` is unique across all readers. */
interface LegacyMatch<Found> {
  readonly session: LegacySession<Found>;
  readonly key: string;
  readonly kind: string;
}

/**
 * Replaces sessions of a legacy system with Coatcheck sessions, without a new login. It runs before `coatcheck()` and
 * adds the new token to the request.
 */
export class LegacyMigration<Found, Data> implements RequestMigrator {
  readonly #options: MigrateOptions<Found, Data>;
  readonly #http: HttpSessions<Data>;
  readonly #records: MigrationRecords<Data>;
  readonly #cookieNames: readonly string[];

  /** See {@link migrate}. */
  constructor(options: MigrateOptions<Found, Data>) {
    requireKnownOptions("options of migrate()", options, MIGRATE_OPTIONS);
    requireKnownNestedOptions("options of migrate()", options, "clear", CLEAR_OPTIONS);
    this.#options = options;
    this.#http = new HttpSessions(options.manager, options.http);
    this.#records = new MigrationRecords(options.manager);
    const names = [...options.readers.flatMap(({ cookies }) => cookies), ...(options.clear?.names ?? [])];
    this.#cookieNames = [...new Set(names)];
    // Validates the names, domains and paths at startup.
    clearingHeaders(this.#cookieNames, null, this.#isPlainHttp, options.clear ?? {});
  }

  /**
   * Migrates the legacy session of a request, if it carries one. A request without a legacy cookie causes no calls to
   * the store or to the legacy system.
   *
   * @throws UsageError when `validate` returns an unknown field.
   * @throws CoatcheckError `STORE_UNAVAILABLE` when a store, the legacy system or `validate` fails. All cookies stay as
   *   they are, and the next request tries again.
   */
  async migrate(request: HttpRequest): Promise<MigrationResult> {
    const header = request.header("cookie");
    if (header === undefined || this.#options.enabled?.() === false) return NOTHING_TO_MIGRATE;
    const cookies = new LegacyCookies(header);
    if (!this.#cookieNames.some((name) => cookies.has(name))) return NOTHING_TO_MIGRATE;
    try {
      return await this.#migrate(request, header, cookies);
    } catch (error) {
      throw error instanceof UsageError ? error : storeUnavailableError(error);
    }
  }

  async #migrate(request: HttpRequest, header: string, cookies: LegacyCookies): Promise<MigrationResult> {
    const { keepLegacy } = this.#options;
    const keep = (outcome: MigrationOutcome, kind: string | null = null) =>
      this.#reportOutcome(new MigrationResult(outcome), kind);
    const clear = (outcome: MigrationOutcome, kind: string | null = null) =>
      this.#reportOutcome(new MigrationResult(outcome, this.#clearingHeaders(request, cookies)), kind);
    const settled = () => (keepLegacy ? keep("already-migrated") : clear("already-migrated"));

    const current = await this.#currentSession(request);
    if (current === "skip") return NOTHING_TO_MIGRATE;
    if (current !== null && current.subject !== null) return settled();

    const match = await this.#findLegacySession(cookies);
    if (match === "absent" || match === "unreadable") return keep(match);
    if (match === "expired") return clear(match);
    const { session, key, kind } = match;

    const record = (await this.#records.find(key)) ?? (await this.#create(match, current, request));
    if (record === null) return clear("rejected", kind);
    if (record === "over-limit") return keep(record, kind);
    if (record === "expired" || record.state === "ended") {
      await session.end();
      return clear(record === "expired" ? "expired" : "ended", kind);
    }
    if (record.state === "already-used") return keep("already-used", kind);
    if (!keepLegacy) await session.end();
    if (current?.id === record.record.id) return settled();
    const clears = keepLegacy ? [] : this.#clearingHeaders(request, cookies);
    return this.#reportOutcome(
      new MigrationResult("migrated", clears, {
        openMigrationRecord: record,
        cookie: this.#http.cookie,
        cookieHeader: header,
      }),
      kind,
    );
  }

  /**
   * Returns the Coatcheck session of the request; null when it has none. Returns "skip" when the request must not be
   * migrated, because it has a bearer token, or because it has an older token and another response may be delivering
   * the newer token to the same browser.
   */
  async #currentSession(request: HttpRequest): Promise<Session<Data> | null | "skip"> {
    const { transport, tokens } = readTokens(request, {
      cookie: this.#http.cookie,
      ring: this.#options.manager.ring,
      acceptsJwts: this.#http.options.jwt !== undefined,
    });
    if (transport === "bearer") return "skip";
    let isOlderToken = false;
    for (const token of tokens) {
      const found = await this.#options.manager.resume(token, "none");
      if (found instanceof Session) return found;
      isOlderToken ||= found.refusal === "superseded";
    }
    return isOlderToken ? "skip" : null;
  }

  async #findLegacySession(
    cookies: LegacyCookies,
  ): Promise<LegacyMatch<Found> | "absent" | "unreadable" | "expired"> {
    let closest: "absent" | "unreadable" | "expired" = "absent";
    for (const reader of this.#options.readers) {
      const reading = await reader.read(cookies);
      if (typeof reading === "object") {
        return { session: reading, key: `${reader.kind}:${reading.key}`, kind: reader.kind };
      }
      if (closest !== "expired" && reading !== "absent") closest = reading;
    }
    return closest;
  }

  async #create(
    { session, key }: LegacyMatch<Found>,
    visitor: Session<Data> | null,
    request: HttpRequest,
  ): Promise<MigrationRecord | "expired" | "over-limit" | null> {
    const found = await session.open();
    const user = found === null ? null : await this.#options.validate(found, visitor?.data ?? null);
    // Look up the migration again: since the first lookup, a concurrent request may have migrated the session and ended
    // the legacy session.
    if (found === null || user === null) {
      return (await this.#records.find(key)) ?? (found === null ? "expired" : null);
    }
    const lifetime = user.rememberMe === undefined ? session.lifetime(found) : null;
    const inherited = inheritedLifetimeOptions(lifetime, Date.now());
    try {
      return await this.#records.create(key, { client: userAgentInfo(request), ...inherited, ...user });
    } catch (error) {
      if (error instanceof CoatcheckError && error.code === "CONFLICT") return "over-limit";
      throw error;
    }
  }

  #reportOutcome(result: MigrationResult, kind: string | null): MigrationResult {
    this.#options.observe?.(result.outcome, kind);
    return result;
  }

  #clearingHeaders(request: HttpRequest, cookies: LegacyCookies): readonly string[] {
    const { host } = this.#http.clientAddress.resolve(request);
    const present = this.#cookieNames.filter((name) => cookies.has(name));
    return clearingHeaders(present, host, this.#isPlainHttp, this.#options.clear ?? {});
  }

  get #isPlainHttp(): boolean {
    return this.#options.http?.cookie?.secure === false;
  }
}

const NOTHING_TO_MIGRATE = new MigrationResult("absent");

/**
 * Sets up the migration of legacy sessions.
 *
 * @throws UsageError for an unknown option.
 * @throws CoatcheckError `VALIDATION_FAILED` for invalid cookie names, domains or paths in `readers` and `clear`.
 *
 * @example
 * const migration = migrate({
 *   manager,
 *   readers: [expressSession({ store: legacyStore, secrets: [legacySecret] })],
 *   validate: async ({ userId }) => ((await users.find(userId)) ? { subject: userId } : null),
 * });
 * app.use(legacySessions(migration));
 * app.use(coatcheck(manager));
 */
export function migrate<Found, Data>(options: MigrateOptions<Found, Data>): LegacyMigration<Found, Data> {
  return new LegacyMigration(options);
}
