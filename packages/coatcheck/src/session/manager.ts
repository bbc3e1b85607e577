import type { RequestClient } from "./binding.ts";
import {
  checkNewSession,
  type PatchOptions,
  type RevokeOptions,
  requireCreateOptions,
  requireLoginArguments,
  requirePatchOptions,
  requireRevokeOptions,
  requireSweepArguments,
  requireTimeouts,
  wrapUpdate,
} from "./call-options.ts";
import { type Clock, type Schedule, systemClock, systemSchedule } from "./clock.ts";
import type { IssuedSession, MergeData, SessionDependencies } from "./dependencies.ts";
import { type DerivedSession, DerivedSessions } from "./derived.ts";
import { CoatcheckError } from "./errors.ts";
import { SessionEmitter, type SessionEvents } from "./events.ts";
import type { JsonObject } from "./json.ts";
import { sizeOf } from "./json-size.ts";
import { type KnownOptions, requireKnownOptions, requireMethod } from "./known-options.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import { type Login, SessionOpener } from "./opener.ts";
import { applyMergePatch, requireJsonObject } from "./patch.ts";
import { type Activity, requireActivity, resolvePolicy, type SessionPolicy } from "./policy.ts";
import { createDirectReader, requireReaderOf, type SessionReader } from "./reader.ts";
import { isSessionId, type RevokeReason, type SessionRecord } from "./record.ts";
import type { VisitChange } from "./recorded-visit.ts";
import { type Refusal, SessionResumer } from "./resumer.ts";
import { type DataOptions, DataSchema } from "./schema.ts";
import { requireFilter, requireNoToken, requirePage, requireScope } from "./scope.ts";
import { Session } from "./session.ts";
import { createVisitorStart, noSessionFields } from "./start.ts";
import type { Page, PageRequest, RevocationScope, SessionFilter, SessionStore, StoreStats } from "./store.ts";
import { requireStrings } from "./strings.ts";
import { createPooledRandom, type RandomSource, SecretRing } from "./token.ts";
import { TokenRules } from "./token-rules.ts";
import { TouchQueue } from "./touch-queue.ts";
import type { AuthenticateOptions, CreateOptions } from "./transitions.ts";
import { SessionWatcher, type WatcherDependencies, type WatcherOptions } from "./watcher.ts";
import { SessionWriter } from "./writer.ts";

/** Options of a {@link SessionManager}. `store` and `secrets` are required. */
export interface SessionManagerOptions<Data> {
  readonly store: SessionStore;
  /** Newest first, at least 16 characters each. The first secret signs new tokens; every secret verifies them. */
  readonly secrets: readonly string[];
  /** Timeouts, limits and rotation. Default: {@link DEFAULT_POLICY} for every absent field. */
  readonly policy?: Partial<SessionPolicy>;
  /** The schema, version and migrations of the application's data. Default: any JSON object. */
  readonly data?: DataOptions<Data>;
  /** Merges a visitor's data with the subject's at login. Default: the visitor's data is kept. */
  readonly merge?: MergeData<Data>;
  /** The cache, from `createCache` of `coatcheck/cache`. Default: no cache, so every read goes to the store. */
  readonly cache?: SessionReader;
  /** The clock for all times of sessions. Default: the machine's clock. */
  readonly clock?: Clock;
  /** Schedules background work. Default: Node's timers, unreferenced. */
  readonly schedule?: Schedule;
  /** The source of random bytes. Default: the operating system's random generator. */
  readonly random?: RandomSource;
}

const MANAGER_OPTIONS = {
  store: true,
  secrets: true,
  policy: true,
  data: true,
  merge: "function",
  cache: true,
  clock: true,
  schedule: "function",
  random: "function",
} satisfies KnownOptions<SessionManagerOptions<unknown>>;
const OPTIONS_LABEL = "session manager options";

/**
 * Creates, opens, changes and revokes sessions. Create one manager per process and store.
 *
 * Every method that reads or writes throws `STORE_UNAVAILABLE` when the store does not respond. Such an outage logs no
 * one out. A missing argument, one of the wrong type, or an unknown option throws a `UsageError`, which is a
 * `TypeError`.
 *
 * @example
 * const manager = new SessionManager({ store: memoryStore(), secrets: [process.env.SESSION_SECRET ?? ""] });
 * const { token } = await manager.create({ subject: "user-7" });
 * const session = await manager.resume(token);
 */
export class SessionManager<Data = JsonObject> {
  /**
   * Emits session events. They are also published to `diagnostics_channel`, under names such as `coatcheck:created`.
   */
  readonly events = new SessionEmitter();
  readonly policy: SessionPolicy;
  /** Signs and verifies other values that belong to a session, such as CSRF tokens. */
  readonly ring: SecretRing;
  readonly #store: SessionStore;
  readonly #reader: SessionReader;
  readonly #clock: Clock;
  readonly #touches: TouchQueue;
  readonly #watcherSource: WatcherDependencies;
  readonly #deps: SessionDependencies<Data>;
  readonly #writer: SessionWriter<Data>;
  readonly #resumer: SessionResumer<Data>;
  readonly #derivedSessions: DerivedSessions<Data>;
  readonly #opener: SessionOpener<Data>;

  /**
   * @throws UsageError for an unknown option; CoatcheckError `VALIDATION_FAILED` for an invalid store, secret, policy
   *   or initial data.
   */
  constructor(options: SessionManagerOptions<Data>) {
    requireKnownOptions(OPTIONS_LABEL, options, MANAGER_OPTIONS);
    requireMethod(OPTIONS_LABEL, "store", options.store, { method: "put", what: "a session store" });
    if (options.cache !== undefined) requireReaderOf(OPTIONS_LABEL, options.store, options.cache);
    if (options.clock !== undefined)
      requireMethod(OPTIONS_LABEL, "clock", options.clock, { method: "now", what: "a clock" });
    this.policy = resolvePolicy(options.policy);
    this.ring = new SecretRing(options.secrets);
    this.#store = options.store;
    this.#reader = options.cache ?? createDirectReader(options.store);
    this.#clock = options.clock ?? systemClock;
    const reportFailure = (operation: SessionEvents["failed"][0]["operation"]) => (error: unknown) =>
      this.events.publish("failed", { operation, error });
    const schedule = options.schedule ?? systemSchedule;
    const random = options.random ?? createPooledRandom();
    this.#touches = new TouchQueue(options.store, schedule, reportFailure("touch"));
    const schema = new DataSchema(options.data ?? {}, this.policy.maxDataBytes, reportFailure("migrate"));
    this.#watcherSource = {
      events: this.events,
      reader: this.#reader,
      clock: this.#clock,
      schedule,
      touchedAt: (id) => this.#touches.queuedAt(id),
      hasReadableData: (record) => schema.read(record) !== null,
    };
    this.#deps = {
      store: options.store,
      reader: this.#reader,
      ring: this.ring,
      policy: this.policy,
      schema,
      events: this.events,
      clock: this.#clock,
      schedule,
      random,
      tokens: new TokenRules(this.ring, random, this.policy),
      merge: options.merge ?? null,
      watcher: this.watcher(),
    };
    this.#writer = new SessionWriter(this.#deps);
    this.#resumer = new SessionResumer(this.#writer, this.#deps, this.#touches);
    this.#derivedSessions = new DerivedSessions(this.#writer, this.#deps);
    this.#opener = new SessionOpener(this.#writer, this.#deps, this.#resumer, this.#derivedSessions);
  }

  /**
   * Creates and stores a session.
   *
   * @throws CoatcheckError `VALIDATION_FAILED`, `PAYLOAD_TOO_LARGE`, `CONFLICT` at the subject's session limit, and
   *   `SESSION_REVOKED` for a `parentId` whose session does not exist or has ended.
   */
  async create(options: CreateOptions & { data?: Data } = {}): Promise<IssuedSession> {
    requireCreateOptions(options);
    requireTimeouts("options of create()", options);
    return await this.#writer.create(options);
  }

  /**
   * Creates the session that is derived from `key`. Use it to replace a login of another system, such as a legacy
   * session. All callers with the same key, on any node, get the same session and the same token.
   *
   * @param key identifies what the session replaces. It must be unguessable, because a caller that knows it gets the
   *   session.
   * @returns the session. An earlier call may have created it.
   * @throws CoatcheckError the same errors as {@link create}.
   */
  async createDerived(key: string, options: CreateOptions & { data?: Data } = {}): Promise<DerivedSession> {
    requireCreateOptions(options);
    return await this.#derivedSessions.create(key, options);
  }

  /** Returns the session that {@link createDerived} created for `key`; null when there is none. */
  async findDerived(key: string): Promise<DerivedSession | null> {
    return await this.#derivedSessions.find(key);
  }

  /**
   * Returns a handle for a visitor without a stored session. The first write creates the session.
   *
   * @param newSession returns the new session's fields; called only on creation.
   * @param refused the result of {@link resume} for the request's token; null when the request had no token.
   * @param client the request's client, to which a login binds the session. Default: none.
   */
  begin(
    newSession: () => CreateOptions = noSessionFields,
    refused: Refusal | null = null,
    client: RequestClient | null = null,
  ): Session<Data> {
    const fields = newSession === noSessionFields ? newSession : () => checkNewSession(newSession());
    return new Session(this.#writer, this.#deps, createVisitorStart(fields, refused, client));
  }

  /**
   * Opens the session of a token. Synchronous when the local cache has the session. Also synchronous for a forged
   * token, because the signature is checked before any look-up. Accepts any string: for an invalid token it returns a
   * {@link Refusal} and does not throw.
   *
   * @param activity the activity class of the request. Default: `user`.
   * @param client the request's client, to compare with the one that the session is bound to. Default: nothing is
   *   compared.
   */
  resume(
    token: string,
    activity: Activity = "user",
    client: RequestClient | null = null,
  ): MaybePromise<Session<Data> | Refusal> {
    requireActivity("call of resume()", activity);
    return this.#resumer.resume(token, activity, client);
  }

  /**
   * Opens a session by its id. Use it for a request that was authenticated without the session's token, such as by a
   * JWT. The handle has no elevations, and operations that would issue a token throw `CONFLICT`. Synchronous when the
   * local cache has the session.
   *
   * After the idle timeout of a session, a new session with the same subject and data continues it, until the absolute
   * timeout of the expired session. A revoked session is not continued. Neither is a session to which another subject
   * has logged in.
   *
   * @param subject the subject that the caller has authenticated. If the session has another subject, the result is a
   *   {@link Refusal}.
   * @param client the same as for {@link resume}.
   * @throws UsageError for a missing argument; CoatcheckError `STORE_UNAVAILABLE`.
   */
  open(
    id: string,
    subject: string,
    activity: Activity = "user",
    client: RequestClient | null = null,
  ): MaybePromise<Session<Data> | Refusal> {
    requireStrings({ subject });
    requireActivity("call of open()", activity);
    return this.#opener.open({ id, subject, activity, client });
  }

  /**
   * Returns whether a login is no longer valid for a reason other than a timeout: the session was revoked, no longer
   * exists, or now has another subject or tenant. Does not record activity. Synchronous when the local cache has the
   * session. Throws the same errors as {@link open}.
   */
  isRevoked(id: string, login: Login): MaybePromise<boolean> {
    requireStrings({ subject: login.subject });
    return this.#opener.isRevoked(id, login);
  }

  /**
   * Opens the session of a token during an outage, from a cached copy that was last valid at most `maxAge` milliseconds
   * ago. Its `assurance` is `degraded`, because the session may have been revoked since then. Returns null when the
   * cache has no such copy, and for a client for which the session would be revoked.
   */
  resumeDegraded(token: string, maxAge: number, client: RequestClient | null = null): Session<Data> | null {
    return this.#resumer.resumeDegraded(token, maxAge, client);
  }

  /**
   * Reads a record from the store, for inspection. Also returns expired and revoked sessions. Returns null for an
   * unknown or malformed id.
   */
  async find(id: string): Promise<SessionRecord | null> {
    if (!isSessionId(id)) return null;
    const { cached } = await this.#reader.read(id, { fresh: true });
    return cached?.record ?? null;
  }

  /**
   * Logs a session in by its id. The caller must have checked the credentials. A first login, or a login of another
   * subject, invalidates every older token at once. A repeated login of the same subject keeps the older token valid
   * until the new token is used.
   *
   * @throws CoatcheckError `SESSION_NOT_FOUND`, `SESSION_EXPIRED`, `SESSION_REVOKED`, `CONFLICT`, `VALIDATION_FAILED`.
   */
  async authenticate(id: string, subject: string, options: AuthenticateOptions = {}): Promise<IssuedSession> {
    requireLoginArguments(subject, options);
    const from = await this.#writer.requireLive(id);
    const issued = await this.#writer.privileges.authenticate(from, { subject, options, presented: null });
    if (issued === null)
      throw new CoatcheckError("CONFLICT", "The session ended during the login; log in again.");
    return { record: issued.record, token: issued.token };
  }

  /**
   * Adds an elevation for `maxAge` milliseconds. The older token does not have the elevation. It stays valid until the
   * new token is used.
   *
   * @throws CoatcheckError the same errors as {@link authenticate}, and `SESSION_REQUIRED` while anonymous.
   */
  async elevate(id: string, scope: string, maxAge: number): Promise<IssuedSession> {
    const from = await this.#writer.requireLive(id);
    return await this.#writer.privileges.elevate(from, { scope, maxAge, presented: null });
  }

  /**
   * Issues a new token. If the session is logged in, the older token becomes invalid at once. Throws the same errors as
   * {@link authenticate}.
   */
  async rotate(id: string): Promise<IssuedSession> {
    return await this.#writer.privileges.rotate(await this.#writer.requireLive(id), null);
  }

  /**
   * Applies a merge patch to the data (RFC 7396). Concurrent patches of different members are all stored.
   *
   * @throws CoatcheckError `CONFLICT` when the version is not `ifVersion`, `VALIDATION_FAILED`, `PAYLOAD_TOO_LARGE`,
   *   `RATE_LIMITED` when too many writes of the session wait in this process, and the same errors as
   *   {@link authenticate}.
   */
  async patch(id: string, patch: JsonObject, options: PatchOptions = {}): Promise<SessionRecord> {
    requirePatchOptions(options);
    const checked = requireJsonObject(patch, "data", this.policy.maxDataBytes);
    return await this.#writer.changeData(
      await this.#writer.requireLive(id, { atLeast: options.ifVersion ?? 0 }),
      (data) => applyMergePatch(data, checked),
      { ...options, presented: null, bytes: sizeOf(checked) },
    );
  }

  /**
   * Changes the data with a function, which is called again after each conflict. Throws the same errors as
   * {@link patch}.
   */
  async update(id: string, change: (data: Data) => MaybePromise<Data>): Promise<SessionRecord> {
    const checked = wrapUpdate(change);
    const from = await this.#writer.requireLive(id);
    return await this.#writer.changeData(from, checked, { presented: null, isComputed: true });
  }

  /** Changes the visit of a session. For `coatcheck/visit`. Throws the same errors as {@link patch}. */
  async changeVisit(id: string, change: VisitChange): Promise<SessionRecord> {
    return await this.#writer.changeVisit(await this.#writer.requireLive(id), change, null);
  }

  /**
   * Revokes sessions permanently, in one durable step. Resolves once the store has revoked them. With `wait:
   * "everywhere"`, resolves once no node can still serve a cached copy of them.
   *
   * @param scope exactly one of `session`, `subject`, `tenant` and `everyone`. An undefined or empty value throws.
   * @returns the number of active sessions that it revoked.
   */
  async revoke(
    scope: RevocationScope,
    reason: RevokeReason = "revoked",
    options: RevokeOptions = {},
  ): Promise<number> {
    requireScope(scope);
    requireRevokeOptions(options);
    if ("session" in scope && !isSessionId(scope.session)) {
      requireNoToken(scope.session, this.ring);
      return 0;
    }
    const count = await this.#writer.revoke(scope, reason);
    if (options.wait === "everywhere") await this.#reader.waitForPropagation();
    return count;
  }

  /**
   * Lists sessions, newest first. Every field of the filter must have a value: `{ subject: undefined }` throws, because
   * it would list everyone's sessions.
   *
   * @throws CoatcheckError `VALIDATION_FAILED` for an invalid cursor or limit, and an empty string in the filter.
   */
  async list(filter: SessionFilter, page: PageRequest): Promise<Page> {
    requireFilter(filter);
    requirePage(page);
    return await this.#store.list(filter, page);
  }

  /**
   * Counts the stored sessions. The counts of a large store may be up to a minute old; `countedAt` is when they were
   * taken.
   */
  async stats(): Promise<StoreStats> {
    return await this.#store.stats(this.#clock.now());
  }

  /**
   * Deletes up to `limit` sessions that ended more than `retention` milliseconds ago; returns the number deleted.
   * Throws `UsageError`.
   */
  async sweep(retention: number, limit = 1000): Promise<number> {
    requireSweepArguments(retention, limit);
    return await this.#store.sweep(this.#clock.now() - retention, limit);
  }

  /**
   * Returns a watcher. It reports changes and the end of sessions to long responses and connections. If only the end
   * matters, use {@link Session.closed}.
   */
  watcher(options?: WatcherOptions): SessionWatcher {
    return new SessionWatcher(this.#watcherSource, options);
  }

  /** Writes the recorded activity that is not stored yet, then closes the caches and the store. */
  async close(): Promise<void> {
    await this.#touches.flush();
    await this.#reader.close();
    await this.#store.close();
  }
}
