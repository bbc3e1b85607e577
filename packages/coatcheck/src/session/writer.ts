import type { CachedSession } from "./cached-session.ts";
import type { IssuedSession, SessionDependencies } from "./dependencies.ts";
import { CoatcheckError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { limitOf, selectEvictions } from "./limit.ts";
import { LoginData } from "./login-data.ts";
import { requireJsonObject } from "./patch.ts";
import { mergeFlash } from "./pending-changes.ts";
import { requireDurations, type SessionLimit } from "./policy.ts";
import type { ReadOptions } from "./reader.ts";
import { isSessionId, type RevokeReason, type SessionRecord } from "./record.ts";
import type { PutOptions, PutOutcome, RevocationScope } from "./store.ts";
import { requireStrings, withoutUndefined } from "./strings.ts";
import { compactId, hashSecret, newSecret, newSessionId } from "./token.ts";
import {
  type AuthenticateOptions,
  type CreateOptions,
  newRecord,
  withChanges,
  withConfirmedSecret,
  withElevation,
  withLogin,
  withNewSecret,
  withRotatedSecret,
} from "./transitions.ts";

/** Each retry means that another write won. Give up after this many. */
const MAX_ATTEMPTS = 100;

interface NewSession extends CreateOptions {
  readonly id?: string;
  /** Default: a random secret. */
  readonly secret?: string;
  readonly data?: unknown;
  readonly flash?: JsonObject | null;
}

interface ChangeOptions {
  readonly kind: PutOptions["change"];
  /** Whether the change may be applied to a newer record than the one it started from. */
  readonly accepts: (newer: SessionRecord) => boolean;
  readonly limit?: SessionLimit | null;
}

/**
 * Performs every write of a session. Each change is compare-and-set on the version and is applied again to the newer record
 * after a conflict, so no update is lost. A session that has ended stays ended.
 *
 * Methods that take a record throw `SESSION_NOT_FOUND`, `SESSION_REVOKED` or `SESSION_EXPIRED` when a conflict shows that
 * the session has ended, and `CONFLICT` when the change must not be applied to the newer record.
 */
export class SessionWriter<Data> {
  readonly #deps: SessionDependencies<Data>;

  constructor(deps: SessionDependencies<Data>) {
    this.#deps = deps;
  }

  /** Creates a session. Throws `VALIDATION_FAILED`, `PAYLOAD_TOO_LARGE`, `CONFLICT`. */
  async create(options: NewSession): Promise<IssuedSession> {
    const { schema, policy, random, clock, events } = this.#deps;
    const { owner, subject, tenant, visitorId, parentId, name, idleTimeout, absoluteTimeout } = options;
    requireStrings(withoutUndefined({ owner, subject, tenant, visitorId, parentId, name }));
    requireDurations(withoutUndefined({ idleTimeout, absoluteTimeout }));
    const secret = options.secret ?? newSecret(random);
    const values = {
      id: options.id ?? newSessionId(random),
      secretHash: hashSecret(secret),
      data: options.data === undefined ? schema.initial() : schema.check(options.data),
      dataVersion: schema.version,
      metadata: requireJsonObject(options.metadata ?? {}, "metadata", policy.maxMetadataBytes),
      now: clock.now(),
    };
    const record = {
      ...newRecord(values, options, policy),
      flash: mergeFlash({}, options.flash ?? {}, policy.maxDataBytes),
    };
    await this.#insert(record);
    events.publish("created", { record });
    return this.#issue(record, secret);
  }

  /** Creates a session that is logged in: the login of a visitor without a stored session. Throws as {@link create}. */
  async createAuthenticated(options: NewSession & { subject: string }): Promise<IssuedSession> {
    const { subject, data = this.#deps.schema.initial() } = options;
    requireStrings({ subject });
    const merged = await new LoginData(this.#deps, subject).merged(data as Data);
    const issued = await this.create({ ...options, data: merged });
    this.#deps.events.publish("authenticated", { record: issued.record, previousSubject: null });
    return issued;
  }

  /** Logs a session in. Throws `CONFLICT` when the token has been replaced, or the policy rejects another session. */
  async authenticate(
    from: SessionRecord,
    subject: string,
    options: AuthenticateOptions,
  ): Promise<IssuedSession> {
    const { policy, clock, events } = this.#deps;
    requireStrings({ subject, ...withoutUndefined({ tenant: options.tenant }) });
    const loginData = new LoginData(this.#deps, subject);
    const secret = newSecret(this.#deps.random);
    const secretHash = hashSecret(secret);
    const record = await this.#change(
      from,
      { ...privilegeOf(from), limit: policy.sessionLimit },
      async (current) => ({
        ...withLogin(current, { subject, secretHash, options, policy, now: clock.now() }),
        ...(await loginData.forRecord(current)),
      }),
    );
    events.publish("authenticated", { record, previousSubject: from.subject });
    return this.#issue(record, secret);
  }

  /** Adds an elevation for `maxAge` milliseconds. Throws `SESSION_REQUIRED` while anonymous. */
  async elevate(from: SessionRecord, scope: string, maxAge: number): Promise<IssuedSession> {
    if (from.subject === null) throw new CoatcheckError("SESSION_REQUIRED", "Log in first.");
    requireStrings({ scope });
    requireDurations({ maxAge });
    const now = this.#deps.clock.now();
    const secret = newSecret(this.#deps.random);
    const elevation = { scope, until: now + maxAge, secretHash: hashSecret(secret), now };
    const record = await this.#change(from, privilegeOf(from), (current) =>
      withElevation(current, elevation),
    );
    this.#deps.events.publish("elevated", { record, scope });
    return this.#issue(record, secret);
  }

  /** Issues a new secret and invalidates the older token at once. */
  async rotate(from: SessionRecord): Promise<IssuedSession> {
    const secret = newSecret(this.#deps.random);
    const record = await this.#change(from, privilegeOf(from), (current) =>
      withNewSecret(current, hashSecret(secret), this.#deps.clock.now()),
    );
    this.#deps.events.publish("rotated", { record });
    return this.#issue(record, secret);
  }

  /** Periodic rotation. Derives the new secret from the old one, so that concurrent requests issue the same token. */
  async rotatePeriodically(from: SessionRecord, oldSecret: string): Promise<IssuedSession> {
    const secret = this.#deps.ring.deriveSuccessor(from.id, oldSecret);
    const secretHash = hashSecret(secret);
    const accepts = (newer: SessionRecord) => [secretHash, from.secretHash].includes(newer.secretHash);
    const record = await this.#change(from, { kind: "privilege", accepts }, (current) =>
      current.secretHash === secretHash
        ? current
        : withRotatedSecret(current, secretHash, this.#deps.clock.now()),
    );
    this.#deps.events.publish("rotated", { record });
    return this.#issue(record, secret);
  }

  /** Records the first use of the new secret after a periodic rotation, which starts the grace of the old one. */
  async confirmRotation(from: SessionRecord): Promise<SessionRecord> {
    return await this.#change(from, privilegeOf(from), (current) =>
      current.confirmedAt === null ? withConfirmedSecret(current, this.#deps.clock.now()) : current,
    );
  }

  /**
   * Changes the data, and flash messages with it.
   *
   * @param change returns the new data from the stored data; called again after each conflict.
   * @throws CoatcheckError also `VALIDATION_FAILED`, `PAYLOAD_TOO_LARGE`; `CONFLICT` when the version is not `ifVersion`,
   *   when another subject has logged in, and when a newer deployment wrote the data.
   */
  async changeData(
    from: SessionRecord,
    change: (data: JsonObject, record: SessionRecord) => unknown | Promise<unknown>,
    options: { seenAt?: number; flash?: JsonObject | null; ifVersion?: number } = {},
  ): Promise<SessionRecord> {
    const { schema, policy, clock, events } = this.#deps;
    // The change may continue after a login of the same visitor, but never in another subject's session.
    const accepts = (newer: SessionRecord) => from.subject === null || newer.subject === from.subject;
    const record = await this.#change(from, { kind: "data", accepts }, async (current) => {
      if (options.ifVersion !== undefined && options.ifVersion !== current.version) {
        throw new CoatcheckError("CONFLICT", `The session is at version ${current.version}; read it again.`);
      }
      if (schema.isNewer(current)) {
        const message = `The session's data has version ${current.dataVersion}; this process writes version ${schema.version}.`;
        throw new CoatcheckError("CONFLICT", message, { retryAfter: 1 });
      }
      const data = schema.check(await change((schema.read(current) ?? {}) as JsonObject, current));
      return withChanges(current, {
        data,
        dataVersion: schema.versionOnWrite(current),
        flash: options.flash ? mergeFlash(current.flash, options.flash, policy.maxDataBytes) : current.flash,
        lastSeenAt: Math.max(current.lastSeenAt, options.seenAt ?? clock.now()),
      });
    });
    events.publish("changed", { record });
    return record;
  }

  /** Revokes sessions in one durable step and drops the cached copies. Returns how many it ended. */
  async revoke(scope: RevocationScope, reason: RevokeReason): Promise<number> {
    const { store, reader, events } = this.#deps;
    // Also after a failure: the store may have revoked, and only its response was lost.
    const count = await store.revoke(scope, reason).finally(() => reader.recordRevocation(scope));
    events.publish("revoked", { scope, reason, count });
    return count;
  }

  /**
   * Reads a session that may be changed.
   *
   * @throws CoatcheckError `SESSION_NOT_FOUND`, `SESSION_REVOKED`, `SESSION_EXPIRED`, `STORE_UNAVAILABLE`.
   */
  async requireLive(id: string, options?: ReadOptions): Promise<SessionRecord> {
    const { cached } = isSessionId(id) ? await this.#deps.reader.read(id, options) : { cached: null };
    if (!cached) {
      // Don't echo a malformed id: it may be a token.
      throw new CoatcheckError(
        "SESSION_NOT_FOUND",
        `Session not found: ${isSessionId(id) ? id : "malformed id"}`,
      );
    }
    const { record } = cached;
    if (record.state === "revoked")
      throw new CoatcheckError("SESSION_REVOKED", "This session has been revoked.");
    if (cached.hasExpired(this.#deps.clock.now()) || this.#deps.schema.read(record) === null) {
      throw new CoatcheckError("SESSION_EXPIRED", "This session has expired.");
    }
    return record;
  }

  /**
   * Checks that a session did not end during a long request, which must not revive it by a write. When the copy `held` has
   * expired, reads the store: other requests may have kept the session alive. Throws as {@link requireLive}.
   */
  async requireStillLive(id: string, cached: CachedSession | null): Promise<void> {
    if (cached?.hasExpired(this.#deps.clock.now())) await this.requireLive(id, { fresh: true });
  }

  async #change(
    from: SessionRecord,
    { kind, accepts, limit }: ChangeOptions,
    next: (current: SessionRecord) => SessionRecord | Promise<SessionRecord>,
  ): Promise<SessionRecord> {
    const { reader, clock } = this.#deps;
    let current = from;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const position = reader.position();
      const record = await next(current);
      if (record === current) return current;
      const outcome = await this.#put(record, {
        expectedVersion: current.version,
        change: kind,
        ...limitOf(record, limit, clock.now()),
      });
      if (outcome === "stored") {
        reader.recordWrite(record, position);
        return record;
      }
      if (outcome === "over-limit") {
        await this.#evict(record);
        continue;
      }
      // Keep a cached copy of a later write: if it were dropped, an earlier write acknowledged late would replace it.
      const cached = reader.getCached(compactId(from.id));
      if (!cached || cached.record.version <= current.version) reader.invalidate(from.id);
      current = await this.requireLive(from.id, { fresh: true });
      if (!accepts(current)) break;
    }
    throw new CoatcheckError("CONFLICT", "The session changed during this request; read it again and retry.");
  }

  /** After a failed write the cached copy is dropped: the store may have written, and only its response was lost. */
  async #put(record: SessionRecord, options: PutOptions): Promise<PutOutcome> {
    try {
      return await this.#deps.store.put(record, options);
    } catch (error) {
      this.#deps.reader.invalidate(record.id);
      throw error;
    }
  }

  async #insert(record: SessionRecord): Promise<void> {
    const { reader, policy, clock } = this.#deps;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const position = reader.position();
      const limit = limitOf(record, policy.sessionLimit, clock.now());
      const outcome = await this.#put(record, { expectedVersion: 0, change: "data", ...limit });
      if (outcome === "stored") return reader.recordWrite(record, position);
      if (outcome === "conflict") break;
      await this.#evict(record);
    }
    throw new CoatcheckError("CONFLICT", "The session could not be created; try again.");
  }

  async #evict(record: SessionRecord): Promise<void> {
    for (const session of await selectEvictions(record, this.#deps)) {
      await this.revoke({ session }, "limit");
    }
  }

  #issue(record: SessionRecord, secret: string): IssuedSession {
    return { record, token: this.#deps.ring.seal(record.id, secret) };
  }
}

/** A change of privilege belongs to one token: it must not continue once another request has replaced that token. */
function privilegeOf(from: SessionRecord): ChangeOptions {
  return { kind: "privilege", accepts: (newer) => newer.secretHash === from.secretHash };
}
