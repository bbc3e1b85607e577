import { type Clock, type Schedule, systemClock, systemSchedule } from "./clock.ts";
import { CoatcheckError } from "./errors.ts";
import { type RefusalReason, SessionEmitter, type SessionEvents } from "./events.ts";
import type { JsonObject } from "./json.ts";
import type { Issued, MergeData } from "./parts.ts";
import { applyMergePatch, requireJsonObject } from "./patch.ts";
import { type Activity, resolvePolicy, type SessionPolicy } from "./policy.ts";
import { directReader, type SessionReader } from "./reader.ts";
import { isSessionId, type RevokeReason, type SessionRecord } from "./record.ts";
import { type Refusal, SessionResumer } from "./resumer.ts";
import { type DataOptions, DataSchema } from "./schema.ts";
import { type MaybePromise, Session } from "./session.ts";
import { PLAIN } from "./start.ts";
import type { Page, PageRequest, RevocationScope, SessionFilter, SessionStore, StoreStats } from "./store.ts";
import { pooledRandom, type RandomSource, SecretRing } from "./token.ts";
import { TouchQueue } from "./touches.ts";
import type { AuthenticateOptions, CreateOptions } from "./transitions.ts";
import { SessionWriter } from "./writer.ts";

/** What a manager is made of; only `store` and `secrets` must be given. */
export interface SessionManagerOptions<Data> {
  readonly store: SessionStore;
  /** Newest first, 16 characters at least each; the first seals, all open. */
  readonly secrets: readonly string[];
  readonly policy?: Partial<SessionPolicy>;
  /** Types, checks and migrates the application's data. */
  readonly data?: DataOptions<Data>;
  readonly merge?: MergeData<Data>;
  /** The caches, made with `createCache`; without, every read is a read of the store. */
  readonly cache?: SessionReader;
  readonly clock?: Clock;
  readonly schedule?: Schedule;
  readonly random?: RandomSource;
}

/**
 * Answers for every request who this browser is and whether it may still come in.
 *
 * All methods throw `STORE_UNAVAILABLE` when the store does not answer; nobody is logged out by that.
 *
 * @example
 * const manager = new SessionManager({ store: memoryStore(), secrets: [process.env.SESSION_SECRET ?? ""] });
 * const { token } = await manager.create({ subject: "user-7" });
 * const session = await manager.resume(token);
 */
export class SessionManager<Data = JsonObject> {
  /** What happens to sessions; also on `diagnostics_channel`, as `coatcheck:created` and so on. */
  readonly events = new SessionEmitter();
  readonly policy: SessionPolicy;
  /** Signs and opens other values that are bound to a session, such as CSRF tokens. */
  readonly ring: SecretRing;
  readonly #store: SessionStore;
  readonly #reader: SessionReader;
  readonly #clock: Clock;
  readonly #touches: TouchQueue;
  readonly #writer: SessionWriter<Data>;
  readonly #resumer: SessionResumer<Data>;

  /** @throws CoatcheckError `VALIDATION_FAILED` for a store, secrets, a policy or initial data that will not do. */
  constructor(options: SessionManagerOptions<Data>) {
    requireStore(options.store);
    this.policy = resolvePolicy(options.policy);
    this.ring = new SecretRing(options.secrets);
    this.#store = options.store;
    this.#reader = options.cache ?? directReader(options.store);
    this.#clock = options.clock ?? systemClock;
    const failed = (operation: SessionEvents["failed"][0]["operation"]) => (error: unknown) =>
      this.events.tell("failed", { operation, error });
    const touches = new TouchQueue(options.store, options.schedule ?? systemSchedule, failed("touch"));
    this.#writer = new SessionWriter({
      store: options.store,
      reader: this.#reader,
      ring: this.ring,
      policy: this.policy,
      schema: new DataSchema(options.data ?? {}, this.policy.dataLimit, failed("migrate")),
      events: this.events,
      clock: this.#clock,
      random: options.random ?? pooledRandom(),
      merge: options.merge ?? null,
    });
    this.#touches = touches;
    this.#resumer = new SessionResumer(this.#writer, touches);
  }

  /** Makes and stores a session. Throws `VALIDATION_FAILED`, `PAYLOAD_TOO_LARGE`, and `CONFLICT` at the subject's limit. */
  async create(options: CreateOptions & { data?: Data } = {}): Promise<Issued> {
    return await this.#writer.create(options);
  }

  /** A handle for a visitor of whom nothing is stored; the first write makes the session, as `birth` says then. */
  begin(birth: () => CreateOptions = PLAIN, refusal: RefusalReason | null = null): Session<Data> {
    const start = {
      held: null,
      presented: null,
      successor: null,
      refusal,
      activity: "user",
      tier: null,
      assurance: "full",
      birth,
    } as const;
    return new Session(this.#writer, start);
  }

  /**
   * Finds the session that a token opens. A copy held here answers synchronously; the seal turns a forged token away
   * before any look-up. The token may be anything at all: it is never an error, only a {@link Refusal}.
   */
  resume(token: string, activity: Activity = "user"): MaybePromise<Session<Data> | Refusal> {
    return this.#resumer.resume(token, activity);
  }

  /**
   * For an outage: the session that a token opens, from a copy that the store last vouched for at most `maxAge`
   * milliseconds ago; null when there is none. It may have been revoked since; its `assurance` says so.
   */
  resumeDegraded(token: string, maxAge: number): Session<Data> | null {
    return this.#resumer.resumeDegraded(token, maxAge);
  }

  /** The record, live or not, or null; for looking, not for authorising. An id of the wrong shape finds nothing. */
  async find(id: string): Promise<SessionRecord | null> {
    if (!isSessionId(id)) return null;
    const { held } = await this.#reader.read(id, { fresh: true });
    return held?.record ?? null;
  }

  /**
   * Logs a session in by its id, for a caller that has checked who asks. The old token dies at once.
   *
   * @throws CoatcheckError `SESSION_NOT_FOUND`, `SESSION_EXPIRED`, `SESSION_REVOKED`, `CONFLICT`.
   */
  async authenticate(id: string, subject: string, options: AuthenticateOptions = {}): Promise<Issued> {
    return await this.#writer.authenticate(await this.#writer.live(id), subject, options);
  }

  /** Elevates by id; `maxAge` in milliseconds. Throws as {@link authenticate}, and `SESSION_REQUIRED` while anonymous. */
  async elevate(id: string, scope: string, maxAge: number): Promise<Issued> {
    return await this.#writer.elevate(await this.#writer.live(id), scope, maxAge);
  }

  /** A new token by id; the old one dies at once. Throws as {@link authenticate}. */
  async rotate(id: string): Promise<Issued> {
    return await this.#writer.rotate(await this.#writer.live(id));
  }

  /**
   * Applies a merge patch to the data (RFC 7396). Concurrent disjoint patches all survive; with `ifVersion` it applies
   * to that version or throws `CONFLICT`. Throws `VALIDATION_FAILED`, `PAYLOAD_TOO_LARGE`, and as {@link authenticate}.
   */
  async patch(id: string, patch: JsonObject, options: { ifVersion?: number } = {}): Promise<SessionRecord> {
    const checked = requireJsonObject(patch, "data", this.policy.dataLimit);
    return await this.#writer.changeData(
      await this.#writer.live(id, { atLeast: options.ifVersion ?? 0 }),
      (data) => applyMergePatch(data, checked),
      options,
    );
  }

  /** Changes the data by a function, which runs again when another write was faster. Throws as {@link patch}. */
  async update(id: string, change: (data: Data) => MaybePromise<Data>): Promise<SessionRecord> {
    return await this.#writer.changeData(await this.#writer.live(id), (data) =>
      change(structuredClone(data) as Data),
    );
  }

  /**
   * Ends sessions for good, in one durable step; resolves at commit. With `wait: "everywhere"` it resolves when no
   * node can still answer from a copy.
   *
   * @returns how many active sessions it ended.
   */
  async revoke(
    scope: RevocationScope,
    reason: RevokeReason = "revoked",
    options: { wait?: "everywhere" } = {},
  ): Promise<number> {
    if ("session" in scope && !isSessionId(scope.session)) return 0;
    const count = await this.#writer.revoke(scope, reason);
    if (options.wait === "everywhere") await this.#reader.settled();
    return count;
  }

  /** Newest first. Throws `VALIDATION_FAILED` for a cursor or limit that will not do. */
  async list(filter: SessionFilter, page: PageRequest): Promise<Page> {
    return await this.#store.list(filter, page);
  }

  /** Counts over what is stored now. */
  async stats(): Promise<StoreStats> {
    return await this.#store.stats(this.#clock.now());
  }

  /** Deletes up to `limit` sessions that ended more than `retention` milliseconds ago; returns how many. */
  async sweep(retention: number, limit = 1000): Promise<number> {
    return await this.#store.sweep(this.#clock.now() - retention, limit);
  }

  /** Writes the activity that waits, then closes caches and store. */
  async close(): Promise<void> {
    await this.#touches.flush();
    await this.#reader.close();
    await this.#store.close();
  }
}

/** A store that takes time to connect is a promise first; the compiler says so, JavaScript does not. */
function requireStore(store: unknown): void {
  if (typeof store === "object" && store !== null && "put" in store) return;
  const faults = [{ path: "store", message: "must be a store; await those that have to connect first" }];
  throw new CoatcheckError("VALIDATION_FAILED", "The session manager has no store.", { faults });
}
