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

/** How older sessions become sessions. */
export interface MigrateOptions<Found, Data> {
  readonly manager: SessionManager<Data>;
  /** What `manager` was made of: the very options. */
  readonly madeOf: SessionManagerOptions<Data>;
  /** As given to `coatcheck()`. */
  readonly http?: HttpOptions;
  /** Tried in order; the first that finds a genuine cookie decides. */
  readonly readers: readonly LegacyReader<Found>[];
  /**
   * Says whom an older session belongs to, after looking whether they still may come in. Null turns it away for good,
   * such as for a user who was deleted. An error is an outage, which changes nothing: the next request tries again.
   *
   * @param visitor what the browser already has in an anonymous session of ours, which is left behind; null for none.
   */
  readonly validate: (found: Found, visitor: Data | null) => MaybePromise<Migrant<Data> | null>;
  readonly clear?: ClearOptions;
  /**
   * Whether the older cookies and sessions stay, for a way back; false unless given. They go when the session that was
   * made of them has ended.
   */
  readonly keepOld?: boolean;
  /** The switch. Off: nothing is read, made or cleared, and the older system is as it was. */
  readonly enabled?: () => boolean;
  /** Told what became of each request that carries an older cookie, for counting. */
  readonly observe?: (outcome: Outcome, kind: string | null) => void;
}

/** What was found of the older session, and by which reader. */
interface Sighting<Found> {
  readonly session: LegacySession<Found>;
  readonly key: string;
  readonly kind: string;
}

/**
 * Turns the cookies of an older session system into sessions, without anybody having to log in again. It stands before
 * `coatcheck()`: what follows sees a request that carries the new token, as if the browser had always had it.
 */
export class LegacyMigration<Found, Data> implements Gate {
  readonly #options: MigrateOptions<Found, Data>;
  readonly #http: HttpSessions<Data>;
  readonly #claims: Claims<Data>;
  readonly #names: readonly string[];

  /** See {@link migrate}. */
  constructor(options: MigrateOptions<Found, Data>) {
    this.#options = options;
    this.#http = new HttpSessions(options.manager, options.http);
    this.#claims = new Claims(options.manager, options.madeOf);
    const names = [...options.readers.flatMap(({ cookies }) => cookies), ...(options.clear?.names ?? [])];
    this.#names = [...new Set(names)];
    clearingLines(this.#names, null, this.#isPlain, options.clear ?? {});
  }

  /**
   * Decides what a request goes on with. Nothing is asked of anybody unless it carries an older cookie.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE` when a store, the older system or `validate` fails. All cookies are left
   * alone; the next request tries again.
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
    const leave = (outcome: Outcome, kind: string | null = null) => this.#told(new Passage(outcome), kind);
    const clear = (outcome: Outcome, kind: string | null = null) =>
      this.#told(new Passage(outcome, this.#clears(request, cookies)), kind);
    const settled = () => (keepOld ? leave("settled") : clear("settled"));

    const present = await this.#present(request);
    if (present === "left alone") return UNTOUCHED;
    if (present !== null && present.subject !== null) return settled();

    const sighting = await this.#sight(cookies);
    if (sighting === "absent" || sighting === "unreadable") return leave(sighting);
    if (sighting === "expired") return clear(sighting);
    const { session, key, kind } = sighting;

    const claim = (await this.#claims.find(key)) ?? (await this.#make(sighting, present));
    if (claim === null) return clear("rejected", kind);
    if (claim === "crowded") return leave(claim, kind);
    if (claim === "expired" || claim.state === "ended") {
      await session.end();
      return clear(claim === "expired" ? "expired" : "ended", kind);
    }
    if (claim.state === "spent") return leave("spent", kind);
    if (!keepOld) await session.end();
    if (present?.id === claim.record.id) return settled();
    const clears = keepOld ? [] : this.#clears(request, cookies);
    return this.#told(new Passage("migrated", clears, { claim, cookie: this.#http.cookie, header }), kind);
  }

  /** Our own session that the request carries. Whoever holds one of ours by other means is not to be given another. */
  async #present(request: HttpRequest): Promise<Session<Data> | null | "left alone"> {
    const { transport, tokens } = presentedBy(request, this.#http.cookie);
    if (transport === "bearer") return "left alone";
    let isSuperseded = false;
    for (const token of tokens) {
      const found = await this.#options.manager.resume(token, "none");
      if (found instanceof Session) return found;
      isSuperseded ||= found.refusal === "superseded";
    }
    // The browser is being given a newer token of a session of ours at this moment.
    return isSuperseded ? "left alone" : null;
  }

  async #sight(cookies: LegacyCookies): Promise<Sighting<Found> | "absent" | "unreadable" | "expired"> {
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

  async #make(
    { session, key }: Sighting<Found>,
    visitor: Session<Data> | null,
  ): Promise<Claim | "expired" | "crowded" | null> {
    const found = await session.open();
    const migrant = found === null ? null : await this.#options.validate(found, visitor?.data ?? null);
    // Another request may have been through here meanwhile, and ended the older session behind it.
    if (migrant === null) return (await this.#claims.find(key)) ?? (found === null ? "expired" : null);
    try {
      return await this.#claims.make(key, migrant);
    } catch (error) {
      if (error instanceof CoatcheckError && error.code === "CONFLICT") return "crowded";
      throw error;
    }
  }

  #told(passage: Passage, kind: string | null): Passage {
    this.#options.observe?.(passage.outcome, kind);
    return passage;
  }

  #clears(request: HttpRequest, cookies: LegacyCookies): readonly string[] {
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
 * Sets the migration of older sessions up.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` for names, domains or paths that no cookie has.
 *
 * @example
 * const migration = migrate({
 *   manager,
 *   madeOf,
 *   readers: [expressSession({ store: olderStore, secrets: [olderSecret] })],
 *   validate: async ({ userId }) => ((await users.find(userId)) ? { subject: userId } : null),
 * });
 * app.use(legacySessions(migration));
 * app.use(coatcheck(manager));
 */
export function migrate<Found, Data>(options: MigrateOptions<Found, Data>): LegacyMigration<Found, Data> {
  return new LegacyMigration(options);
}
