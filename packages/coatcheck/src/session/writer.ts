import { bindingOf, type RequestClient } from "./binding.ts";
import type { CachedSession } from "./cached-session.ts";
import { requireRevokeReason } from "./call-options.ts";
import { Committer } from "./committer.ts";
import type { IssuedSession, SessionDependencies } from "./dependencies.ts";
import { CoatcheckError } from "./errors.ts";
import { Impersonations } from "./impersonations.ts";
import type { JsonObject } from "./json.ts";
import { LoginData } from "./login-data.ts";
import { requireJsonObject } from "./patch.ts";
import { type DataChange, mergeFlash } from "./pending-changes.ts";
import { requireDurations } from "./policy.ts";
import { PrivilegeWriter } from "./privileges.ts";
import type { ReadOptions } from "./reader.ts";
import { isSessionId, type RevokeReason, type SessionRecord } from "./record.ts";
import type { RecordedActor } from "./recorded-actor.ts";
import type { RecordedBinding } from "./recorded-binding.ts";
import type { VisitChange, VisitFields } from "./recorded-visit.ts";
import type { RevocationScope } from "./store.ts";
import { requireStrings, withoutUndefined } from "./strings.ts";
import { hashSecret, idOfToken, newSecret, newSessionId } from "./token.ts";
import { meansSessionEnded, parentEndedError, tokenSupersededError } from "./token-errors.ts";
import type { PresentedToken } from "./token-rules.ts";
import { type CreateOptions, newRecord, withChanges } from "./transitions.ts";
import { reportUnusualLogin } from "./unusual-login.ts";
import { describeValue, usageError } from "./usage-error.ts";
import { WriteQueues } from "./write-queue.ts";

/**
 * Maximum number of times that an asynchronous change is computed. It is computed again when another write was stored
 * first.
 */
const MAX_RECOMPUTATIONS = 100;

interface NewSessionValues extends CreateOptions {
  readonly id?: string;
  /** The secret of the session's token. Default: a random secret. */
  readonly secret?: string;
  readonly data?: unknown;
  readonly flash?: JsonObject | null;
  readonly visitFields?: Partial<VisitFields> | null;
  readonly actor?: RecordedActor;
  readonly binding?: RecordedBinding | null;
}

interface NewLoginValues extends NewSessionValues {
  readonly subject: string;
  /** The client to which the session is bound. Default: none. */
  readonly boundTo?: RequestClient | null;
}

/** Options of {@link SessionWriter.changeData}. */
export interface ChangeOptions {
  /** The request's token, which is checked again when the change is stored; null for a change by session id. */
  readonly presented: PresentedToken | null;
  /** The time of the user's last activity, epoch milliseconds. Default: now. */
  readonly seenAt?: number;
  readonly flash?: JsonObject | null;
  readonly ifVersion?: number;
  /** A change of the session's visit in the same write. */
  readonly visit?: VisitChange | null;
  /**
   * Size of the merge patches that the change applies, in bytes of JSON. The write queue's limit and the data's size
   * limit use it. Default: 0.
   */
  readonly bytes?: number;
  /**
   * Whether a function of the application computes the data. Default: false. The change then applies merge patches that
   * have been checked: it is synchronous, and only the size and the schema of the result are checked, which is faster
   * for large sessions.
   */
  readonly isComputed?: boolean;
}

/**
 * Performs every write of a session. Each change is stored by compare-and-set on the version. After a conflict it is
 * applied again to the newer record, so no update is lost. A session that has ended is never revived.
 *
 * Methods that take a record throw `SESSION_NOT_FOUND`, `SESSION_REVOKED` or `SESSION_EXPIRED` when a conflict shows
 * that the session has ended, and `CONFLICT` when the change must not be applied to the newer record.
 */
export class SessionWriter<Data> {
  /** Performs logins, elevations and rotations. */
  readonly privileges: PrivilegeWriter<Data>;
  readonly impersonations: Impersonations<Data>;
  readonly #deps: SessionDependencies<Data>;
  readonly #committer: Committer<Data>;
  readonly #queues: WriteQueues<Data>;

  constructor(deps: SessionDependencies<Data>) {
    this.#deps = deps;
    this.#committer = new Committer(deps);
    this.#queues = new WriteQueues(this.#committer);
    this.privileges = new PrivilegeWriter(deps, this.#committer, this.#queues, this.#evict);
    this.impersonations = new Impersonations(this, deps);
  }

  /**
   * Creates a session. Throws `VALIDATION_FAILED`, `PAYLOAD_TOO_LARGE`, `CONFLICT`; `SESSION_REVOKED` for a parent that
   * does not exist or has ended.
   */
  async create(options: NewSessionValues): Promise<IssuedSession> {
    const { schema, policy, random, clock, events, ring } = this.#deps;
    const { owner, subject, tenant, visitorId, parentId, name, idleTimeout, absoluteTimeout } = options;
    requireStrings(withoutUndefined({ owner, subject, tenant, visitorId, parentId, name }));
    requireDurations(withoutUndefined({ idleTimeout, absoluteTimeout }));
    if (parentId !== undefined) await this.#requireParent(parentId);
    const secret = options.secret ?? newSecret(random);
    const values = {
      id: options.id ?? newSessionId(random),
      secretHash: hashSecret(secret),
      data: options.data === undefined ? schema.initialData() : schema.check(options.data),
      dataVersion: schema.version,
      metadata: requireJsonObject(options.metadata ?? {}, "metadata", policy.maxMetadataBytes),
      now: clock.now(),
    };
    const record = {
      ...newRecord(values, options, policy),
      flash: mergeFlash({}, options.flash ?? {}, policy.maxDataBytes),
      ...options.visitFields,
      actor: options.actor ?? null,
      binding: options.binding ?? null,
    };
    await this.#committer.insert(record, this.#evict);
    events.publish("created", { record });
    return { record, token: ring.seal(record.id, secret) };
  }

  /**
   * Creates a session that is logged in. Used for the login of a visitor without a stored session. Throws the same
   * errors as {@link create}.
   */
  async createAuthenticated({ boundTo: client = null, ...options }: NewLoginValues): Promise<IssuedSession> {
    const { subject, tenant = null, data = this.#deps.schema.initialData() } = options;
    requireStrings({ subject });
    const merged = await new LoginData(this.#deps, subject).merge(data as Data);
    const issued = await this.create({
      ...options,
      data: merged,
      binding: client && bindingOf(client, tenant),
    });
    const { record } = issued;
    this.#deps.events.publish("authenticated", { record, previousSubject: null });
    if (client) reportUnusualLogin(this.#deps, { record, previous: null, client });
    return issued;
  }

  /**
   * Changes the data and the flash messages.
   *
   * @param change returns the new data from the stored data. Called again after each conflict. If it returns a promise,
   *   it runs outside of the write queue on a copy, and is called again when another write was stored first.
   * @throws CoatcheckError `VALIDATION_FAILED`, `PAYLOAD_TOO_LARGE`; `RATE_LIMITED` when too many writes of the session
   *   wait; `CONFLICT` when the version is not `ifVersion`, when the request's token has become invalid, when another
   *   subject has logged in, and when a newer deployment wrote the data.
   */
  async changeData(from: SessionRecord, change: DataChange, options: ChangeOptions): Promise<SessionRecord> {
    let current = from;
    for (let attempt = 0; attempt < MAX_RECOMPUTATIONS; attempt++) {
      const first = options.isComputed ? change(this.#dataOf(current), current) : undefined;
      const isAsync = first instanceof Promise;
      const computed = isAsync ? await first : undefined;
      const base = current;
      const { record, isApplied } = await this.#queues.change({
        from: current,
        bytes: options.bytes ?? 0,
        apply: (record, stored) => {
          this.#requireChangeAllowed(from, record, stored, options);
          if (!isAsync) return this.#withData(record, change(this.#dataOf(record), record), options);
          // The result was computed from `base`, so it is valid only if `base` is still stored.
          const isBase = record === stored && stored.version === base.version;
          return isBase ? this.#withData(record, computed, options) : record;
        },
      });
      if (isApplied) {
        this.#deps.events.publish("changed", { record });
        return record;
      }
      current = record;
    }
    throw new CoatcheckError(
      "CONFLICT",
      "Too many other writes changed the session at the same time; try again.",
      { retryAfter: 1 },
    );
  }

  /**
   * Changes the visit fields of the session. Does not change the data or the activity.
   *
   * @param presented the request's token; null for a change by session id.
   * @throws CoatcheckError the errors of `change`; `CONFLICT` when the request's token has become invalid.
   */
  async changeVisit(
    from: SessionRecord,
    change: VisitChange,
    presented: PresentedToken | null,
  ): Promise<SessionRecord> {
    const { record, isApplied } = await this.#queues.change({
      from,
      bytes: 0,
      apply: (record) => {
        this.#requireSameWriter(from, record, presented);
        const fields = change(record);
        return fields === null ? record : withChanges(record, fields);
      },
    });
    if (isApplied) this.#deps.events.publish("changed", { record });
    return record;
  }

  /** Revokes sessions in one durable step and drops their cached copies. Returns the number of revoked sessions. */
  async revoke(scope: RevocationScope, reason: RevokeReason): Promise<number> {
    const { store, reader, events } = this.#deps;
    requireRevokeReason(reason);
    // Record the revocation even after a failure: the store may have revoked, and only its response was lost.
    const count = await store.revoke(scope, reason).finally(() => reader.recordRevocation(scope));
    events.publish("revoked", { scope, reason, count });
    return count;
  }

  /**
   * Ends the session of a request's token, unless the token was replaced and the newer token has been in use for longer
   * than one overlap. For an impersonation, also ends the actor's own session, because the browser no longer has the
   * token of that session after the logout.
   *
   * @param session the session to end. Its `actor` is needed only if `presented` is null; otherwise this method reads
   * the record.
   * @returns whether the session has ended.
   */
  async logOut(
    { id, actor = null }: Pick<SessionRecord, "id"> & Partial<Pick<SessionRecord, "actor">>,
    presented: PresentedToken | null,
    reason: RevokeReason,
  ): Promise<boolean> {
    const { reader, tokens, clock } = this.#deps;
    if (presented !== null) {
      const { cached } = await reader.read(id, { fresh: true });
      if (!cached || !tokens.mayLogOut(cached.record, presented.hash, clock.now())) return false;
      actor = cached.record.actor;
    }
    if (actor !== null) await this.revoke({ session: actor.sessionId }, reason);
    await this.revoke({ session: id }, reason);
    return true;
  }

  /**
   * Ends the request's session and the sessions of its other session cookies, which a browser sends after a change of
   * the cookie's domain or path. The response may not clear each of these cookies, so the browser would stay logged in.
   *
   * @param target the request's session; null if it has none.
   * @param values the values of all session cookies, if there are several. Only values with a valid seal are looked up;
   *   the caller limits their number.
   * @returns whether a session has ended.
   */
  async logOutAll(
    target: SessionRecord | null,
    presented: PresentedToken | null,
    values: readonly string[],
    reason: RevokeReason,
  ): Promise<boolean> {
    const { ring, tokens } = this.#deps;
    let hasEnded = false;
    // End the request's own session last: if another session cannot be ended, the handle can repeat the logout.
    for (const value of values.filter((each) => ring.hasValidSeal(each))) {
      const other = tokens.parse(value);
      if (other.hash === presented?.hash) continue;
      if (await this.logOut({ id: idOfToken(value) }, other, reason)) hasEnded = true;
    }
    return (target !== null && (await this.logOut(target, presented, reason))) || hasEnded;
  }

  /** Reads a session that may be changed. Throws the same errors as {@link Committer.requireLive}. */
  async requireLive(id: string, options?: ReadOptions): Promise<SessionRecord> {
    return await this.#committer.requireLive(id, options);
  }

  /**
   * Checks that a session did not end during a long request: a write must not revive it. If the cached copy has
   * expired, reads the store, because other requests may have extended the session. Throws the same errors as
   * {@link requireLive}.
   */
  async requireStillLive(id: string, cached: CachedSession | null): Promise<void> {
    if (cached?.hasExpired(this.#deps.clock.now())) await this.requireLive(id, { fresh: true });
  }

  /** Checks the parent of a new session. Throws `UsageError` for a malformed id, and `SESSION_REVOKED`. */
  async #requireParent(id: string): Promise<void> {
    if (!isSessionId(id)) {
      const message = `must be the id of a session (got ${describeValue(id)})`;
      throw usageError("session field", [{ path: "parentId", message }]);
    }
    await this.requireLive(id).catch((error: unknown) => {
      throw meansSessionEnded(error) ? parentEndedError() : error;
    });
  }

  readonly #evict = async (session: string): Promise<void> => {
    await this.revoke({ session }, "limit");
  };

  #dataOf(record: SessionRecord): JsonObject {
    return (this.#deps.schema.read(record) ?? {}) as JsonObject;
  }

  #withData(record: SessionRecord, data: unknown, options: ChangeOptions): SessionRecord {
    const { seenAt, flash, visit, isComputed, bytes = 0 } = options;
    const { schema, policy, clock, tokens } = this.#deps;
    const before = this.#dataOf(record);
    const now = clock.now();
    return withChanges(record, {
      ...visit?.(record),
      data: isComputed ? schema.check(data) : schema.checkPatched(data as JsonObject, before, bytes),
      dataVersion: schema.versionOnWrite(record),
      flash: flash ? mergeFlash(record.flash, flash, policy.maxDataBytes) : record.flash,
      lastSeenAt: Math.max(record.lastSeenAt, seenAt ?? now),
      wrappedSecret: tokens.wrappedSecretAt(record, now),
    });
  }

  /** Checks that the change may be applied to `record`, which includes the earlier changes of the same commit. */
  #requireChangeAllowed(
    from: SessionRecord,
    record: SessionRecord,
    stored: SessionRecord,
    options: ChangeOptions,
  ): void {
    const { schema } = this.#deps;
    const { presented, ifVersion } = options;
    this.#requireSameWriter(from, record, presented);
    if (ifVersion !== undefined && (!isAtVersion(stored, ifVersion) || record !== stored)) {
      throw new CoatcheckError("CONFLICT", `The session does not have version ${ifVersion}; read it again.`);
    }
    if (schema.isNewer(record)) {
      const message = `The session's data has version ${record.dataVersion}; this process writes version ${schema.version}; update this process.`;
      throw new CoatcheckError("CONFLICT", message, { retryAfter: 1 });
    }
  }

  #requireSameWriter(from: SessionRecord, record: SessionRecord, presented: PresentedToken | null): void {
    const { tokens, clock } = this.#deps;
    if (presented !== null && !tokens.mayWrite(record, presented.hash, clock.now()))
      throw tokenSupersededError();
    // A change by session id continues after a visitor's login, but not after another subject's login.
    if (presented === null && from.subject !== null && record.subject !== from.subject) {
      throw new CoatcheckError("CONFLICT", "Another subject has logged in; read the session again.");
    }
  }
}

/** Whether the session has not changed since `version`. Recording the first use of a token is not a change. */
function isAtVersion(record: SessionRecord, version: number): boolean {
  if (record.version === version) return true;
  return record.tokenUsedVersion === record.version && record.version === version + 1;
}
