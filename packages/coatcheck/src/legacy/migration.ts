import { HttpSessions } from "../http/core.ts";
import type { HttpRequest } from "../http/message.ts";
import type { HttpOptions } from "../http/options.ts";
import { presentedBy } from "../http/presented.ts";
import { CoatcheckError, storeUnavailable } from "../session/errors.ts";
import type { SessionManager, SessionManagerOptions } from "../session/manager.ts";
import { type MaybePromise, Session } from "../session/session.ts";
import { type Claim, Claims, type Migrant } from "./claims.ts";
import { type ClearOptions, clearingLines } from "./clearing.ts";
import { LegacyCookies } from "./cookies.ts";
import { type Gate, type Outcome, Passage } from "./passage.ts";
import type { LegacyReader, LegacySession } from "./reader.ts";

/** Options of {@link migrate}. */
export interface MigrateOptions<Found, Data> {
  readonly manager: SessionManager<Data>;
  /** The same options object that `manager` was created with. */
  readonly madeOf: SessionManagerOptions<Data>;
  /** The same options that `coatcheck()` receives. */
  readonly http?: HttpOptions;
  /** Tried in order. The first reader that finds an authentic cookie decides. */
  readonly readers: readonly LegacyReader<Found>[];
  /**
   * Decides whether the user of a legacy session may log in, and with which fields the new session is created. Null
   * rejects the legacy session for good, such as that of a deleted user. An error counts as an outage: nothing changes,
   * and the next request tries again.
   *
   * @param visitor - the data of the browser's anonymous Coatcheck session, which the new session replaces; null when
   *   there is none.
   */
  readonly validate: (found: Found, visitor: Data | null) => MaybePromise<Migrant<Data> | null>;
  readonly clear?: ClearOptions;
  /**
   * Whether to keep the legacy cookies and sessions while the new session lives, so that the migration can be undone.
   * Default: false.
   */
  readonly keepOld?: boolean;
  /** Called for each request. When it returns false, the migration does nothing. Default: always enabled. */
  readonly enabled?: () => boolean;
  /** Called with the outcome of each request that carries a legacy cookie, for metrics. */
  readonly observe?: (outcome: Outcome, kind: string | null) => void;
}

/** An authentic legacy session, with the kind of the reader that found it. `key` is unique across all readers. */
interface LegacyMatch<Found> {
  readonly session: LegacySession<Found>;
  readonly key: string;
  readonly kind: string;
}

/**
 * Replaces sessions of a legacy system by Coatcheck sessions without a new login. It runs before `coatcheck()`, which
 * then sees a request that carries the new token.
 */
export class LegacyMigration<Found, Data> implements Gate {
  readonly #options: MigrateOptions<Found, Data>;
  readonly #http: HttpSessions<Data>;
  readonly #records: Claims<Data>;
  readonly #names: readonly string[];

  /** See {@link migrate}. */
  constructor(options: MigrateOptions<Found, Data>) {
    this.#options = options;
    this.#http = new HttpSessions(options.manager, options.http);
    this.#records = new Claims(options.manager, options.madeOf);
    const names = [...options.readers.flatMap(({ cookies }) => cookies), ...(options.clear?.names ?? [])];
    this.#names = [...new Set(names)];
    // Validates the names, domains and paths at startup.
    clearingLines(this.#names, null, this.#isPlain, options.clear ?? {});
  }

  /**
   * Migrates the legacy session of a request, if it carries one. A request without a legacy cookie causes no calls to
   * the store or to the legacy system.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE` when a store, the legacy system or `validate` fails. All cookies stay as
   *   they are, and the next request tries again.
   */
  async pass(request: HttpRequest): Promise<Passage> {
    const header = request.header("cookie");
    if (header === undefined || this.#options.enabled?.() === false) return UNTOUCHED;
    const cookies = new LegacyCookies(header);
    if (!this.#names.some((name) => cookies.has(name))) return UNTOUCHED;
    try {
      return await this.#pass(request, header, cookies);
    } catch (error) {
      throw storeUnavailable(error);
    }
  }

  async #pass(request: HttpRequest, header: string, cookies: LegacyCookies): Promise<Passage> {
    const { keepOld } = this.#options;
    const keep = (outcome: Outcome, kind: string | null = null) => this.#observed(new Passage(outcome), kind);
    const clear = (outcome: Outcome, kind: string | null = null) =>
      this.#observed(new Passage(outcome, this.#clearingHeaders(request, cookies)), kind);
    const settled = () => (keepOld ? keep("settled") : clear("settled"));

    const current = await this.#currentSession(request);
    if (current === "skip") return UNTOUCHED;
    if (current !== null && current.subject !== null) return settled();

    const match = await this.#match(cookies);
    if (match === "absent" || match === "unreadable") return keep(match);
    if (match === "expired") return clear(match);
    const { session, key, kind } = match;

    const claim = (await this.#records.find(key)) ?? (await this.#create(match, current));
    if (claim === null) return clear("rejected", kind);
    if (claim === "crowded") return keep(claim, kind);
    if (claim === "expired" || claim.state === "ended") {
      await session.end();
      return clear(claim === "expired" ? "expired" : "ended", kind);
    }
    if (claim.state === "spent") return keep("spent", kind);
    if (!keepOld) await session.end();
    if (current?.id === claim.record.id) return settled();
    const clears = keepOld ? [] : this.#clearingHeaders(request, cookies);
    return this.#observed(
      new Passage("migrated", clears, { claim, cookie: this.#http.cookie, header }),
      kind,
    );
  }

  /**
   * The Coatcheck session of the request; null when it has none. "skip" when the request must not be migrated: it
   * carries a bearer token, or an older token whose replacement may be in another response to the same browser.
   */
  async #currentSession(request: HttpRequest): Promise<Session<Data> | null | "skip"> {
    const { transport, tokens } = presentedBy(request, this.#http.cookie);
    if (transport === "bearer") return "skip";
    let isOlderToken = false;
    for (const token of tokens) {
      const found = await this.#options.manager.resume(token, "none");
      if (found instanceof Session) return found;
      isOlderToken ||= found.refusal === "superseded";
    }
    return isOlderToken ? "skip" : null;
  }

  async #match(cookies: LegacyCookies): Promise<LegacyMatch<Found> | "absent" | "unreadable" | "expired"> {
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
  ): Promise<Claim | "expired" | "crowded" | null> {
    const found = await session.open();
    const user = found === null ? null : await this.#options.validate(found, visitor?.data ?? null);
    // A concurrent request may have migrated the session and ended the legacy one after the first lookup.
    if (user === null) return (await this.#records.find(key)) ?? (found === null ? "expired" : null);
    try {
      return await this.#records.make(key, user);
    } catch (error) {
      if (error instanceof CoatcheckError && error.code === "CONFLICT") return "crowded";
      throw error;
    }
  }

  #observed(result: Passage, kind: string | null): Passage {
    this.#options.observe?.(result.outcome, kind);
    return result;
  }

  #clearingHeaders(request: HttpRequest, cookies: LegacyCookies): readonly string[] {
    const { host } = this.#http.clients.of(request);
    const present = this.#names.filter((name) => cookies.has(name));
    return clearingLines(present, host, this.#isPlain, this.#options.clear ?? {});
  }

  get #isPlain(): boolean {
    return this.#options.http?.cookie?.secure === false;
  }
}

const UNTOUCHED = new Passage("absent");

/**
 * Sets up the migration of legacy sessions.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` for invalid cookie names, domains or paths in `readers` and `clear`.
 *
 * @example
 * const migration = migrate({
 *   manager,
 *   madeOf,
 *   readers: [expressSession({ store: legacyStore, secrets: [legacySecret] })],
 *   validate: async ({ userId }) => ((await users.find(userId)) ? { subject: userId } : null),
 * });
 * app.use(legacySessions(migration));
 * app.use(coatcheck(manager));
 */
export function migrate<Found, Data>(options: MigrateOptions<Found, Data>): LegacyMigration<Found, Data> {
  return new LegacyMigration(options);
}
