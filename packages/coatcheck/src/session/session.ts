import { requireFlash, requireLoginArguments, requireNoArguments, wrapUpdate } from "./call-options.ts";
import { ClosedSignal } from "./closed-signal.ts";
import { type Commit, createCommit, type HandleState } from "./commit.ts";
import type { IssuedSession, SessionDependencies } from "./dependencies.ts";
import { CoatcheckError } from "./errors.ts";
import { HandleToken } from "./handle-token.ts";
import { type ImpersonateOptions, requireImpersonateArguments } from "./impersonations.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { sizeOf } from "./json-size.ts";
import { LateChanges, requireLoginDelivery, requireTokenDelivery, unsavedReasonOf } from "./late-changes.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import { Mutex } from "./mutex.ts";
import { listOthers, otherSessionsScope } from "./other-sessions.ts";
import { applyMergePatch, requireJsonObject } from "./patch.ts";
import {
  applySnapshot,
  type DataChange,
  flashOf,
  PendingChanges,
  type PendingSnapshot,
  validateSnapshot,
} from "./pending-changes.ts";
import type { PlainSession } from "./plain-session.ts";
import type { RevokeReason, SessionRecord } from "./record.ts";
import { NO_VISIT_FIELDS, type VisitChange } from "./recorded-visit.ts";
import { refuseAssignments } from "./refuse-assignments.ts";
import { SessionInfo } from "./session-info.ts";
import { shareBetweenCopies } from "./shared-class.ts";
import { initialCommitState, rotationIsDue, type SessionStart } from "./start.ts";
import { newSessionId } from "./token.ts";
import {
  cookieWithheldError,
  prefetchedLogoutError,
  requireCurrentToken,
  requireRevocable,
  sessionUnavailableError,
  tokenSupersededError,
} from "./token-errors.ts";
import type { PresentedToken } from "./token-rules.ts";
import type { AuthenticateOptions } from "./transitions.ts";
import type { SessionWriter } from "./writer.ts";

interface WriteOptions {
  /** Size of the change, bytes. */
  readonly bytes?: number;
  /** Flash messages by name. */
  readonly messages?: JsonObject | null;
  readonly isComputed?: boolean;
  readonly visit?: VisitChange;
}

/**
 * One request's handle on one session. Assignments to {@link data} are collected, and {@link commit} writes them once,
 * as a merge patch. Reading never writes, and a visitor without any change is never stored.
 *
 * Every method that writes throws `CONFLICT` when another request has replaced and invalidated the token. The browser
 * is receiving a newer token, so it can repeat the request. Only {@link authenticate} and {@link revoke} also work with
 * an invalidated token. Writes throw `SESSION_REVOKED` or `SESSION_EXPIRED` when the session has ended,
 * `STORE_UNAVAILABLE` when the store does not respond, `VALIDATION_FAILED` or `PAYLOAD_TOO_LARGE` for invalid data, and
 * `RATE_LIMITED` when too many writes of the session wait in this process. Methods that issue a token also throw
 * `CONFLICT` once the response headers have been sent. If another site made the request, the browser may have withheld
 * its cookie. Then every change except a login throws `CONFLICT`.
 */
export class Session<Data = JsonObject> extends SessionInfo<Data> {
  readonly #writer: SessionWriter<Data>;
  readonly #deps: SessionDependencies<Data>;
  readonly #start: SessionStart;
  #record: SessionRecord | null;
  /** The id for a session that is not stored yet; null until it is needed. */
  #newId: string | null = null;
  #pending: PendingChanges | null = null;
  /** The pending change of the visit. The next write stores it. */
  #visitChange: VisitChange | null = null;
  #token: string | null;
  #state: HandleState;
  /** Null until {@link commit} has resolved. After that, the response headers are sent and changes are late. */
  #lateChanges: LateChanges | null = null;
  #mutex: Mutex | null = null;
  #createdHandleToken: HandleToken | null = null;
  #closed: ClosedSignal | null = null;

  constructor(writer: SessionWriter<Data>, deps: SessionDependencies<Data>, start: SessionStart) {
    super(start, deps.clock);
    this.#writer = writer;
    this.#deps = deps;
    this.#start = start;
    this.#record = start.cached ? start.cached.record : null;
    this.#token = start.successorToken;
    this.#state = initialCommitState(start);
  }

  /** The session's id. It opens no session and is safe to log. Reading it stores nothing. */
  override get id(): string {
    if (this.#record) return this.#record.id;
    this.#newId ??= newSessionId(this.#deps.random);
    return this.#newId;
  }

  /** The stored record; null when nothing is stored. Its `data` does not contain pending assignments. */
  override get record(): SessionRecord | null {
    return this.#record;
  }

  /**
   * The application's data, writable at any depth; every read returns the same object. `commit` stores the assignments
   * as a merge patch: null removes a member, and arrays are replaced as a whole. If concurrent requests change the same
   * value, make it an object and not an array.
   */
  get data(): Data {
    this.#pending ??= new PendingChanges(this.#lateChanges);
    return this.#pending.view(() => this.#deps.schema.readOrInitialData(this.#record)) as Data;
  }

  /**
   * A signal that aborts within the staleness bound after the session has ended on any node (`SESSION_REVOKED`,
   * `SESSION_EXPIRED`), or after another request has replaced and invalidated the token (`CONFLICT`). The signal's
   * `reason` is the error with this code. An outage of the store does not abort it.
   */
  get closed(): AbortSignal {
    this.#mutex ??= new Mutex();
    if (this.#closed) return this.#closed.signal;
    this.#closed = new ClosedSignal(this.#deps.watcher, this.#mutex);
    if (this.#record) this.#closed.follow(this.#record);
    if (this.#state === "revoked") this.#closed.abort();
    return this.#closed.signal;
  }

  /** Stores a message for a later request. Replaces an earlier message with the same name. */
  flash(name: string, message: JsonValue): void {
    requireFlash(name, message);
    this.#pending ??= new PendingChanges(this.#lateChanges);
    this.#pending.setFlash(name, message);
  }

  /**
   * Removes a message now and returns it; undefined when there is none, and for a degraded copy. Only one of several
   * concurrent requests receives the message.
   */
  async takeFlash(name: string): Promise<JsonValue | undefined> {
    const pending = this.#pending?.takeFlash(name);
    if (pending !== undefined) return pending ?? undefined;
    const stored = flashOf(this.#record?.flash ?? null, name);
    if (stored === undefined || this.assurance === "degraded") return undefined;
    let taken: JsonValue | undefined;
    // Called again after a conflict, because a concurrent request may have taken the message.
    const take = (data: JsonObject, record?: SessionRecord) => {
      taken = flashOf(record?.flash ?? null, name);
      return data;
    };
    await this.#enqueue(() => this.#write(take, { messages: { [name]: null } }));
    return taken;
  }

  /**
   * Logs the session in: keeps id, visitor and data, and issues a new token (ASVS 5.0 V7.2.4). A first login, or a
   * login as another subject, invalidates every older token at once. Another subject starts with initial data. A
   * repeated login receives the same token if the response to the first login may have been lost. A login with an older
   * token uses the same session if it is logged in as this subject; otherwise it creates a new session. Throws
   * `CONFLICT` when the session limit rejects the login.
   */
  async authenticate(subject: string, options: AuthenticateOptions = {}): Promise<void> {
    requireLoginArguments(subject, options);
    await this.#enqueue(async () => {
      requireLoginDelivery(this.#start, this.#lateChanges);
      const { policy, schema } = this.#deps;
      const pending = validateSnapshot(this.#pending?.snapshot() ?? null, policy.maxDataBytes);
      const flash = pending?.flash ?? null;
      const target = await this.#writer.privileges.findLoginTarget(this.#record, this.#start, this.#state);
      if (target) {
        const change = pending?.patch ? (data: JsonObject) => applySnapshot(data, pending) : null;
        const { client } = this.#start;
        const login = { subject, options, presented: this.#handleToken.presented, change, flash, client };
        const loginResult = await this.#writer.privileges.authenticate(target, login);
        if (loginResult) {
          this.#adoptToken(loginResult, loginResult.hasStoredChanges && this.#record ? pending : null);
          if (loginResult.hasStoredChanges) this.onLogin();
          return;
        }
      }
      await this.#endImpersonation();
      // The request's own session has ended: the login creates a session with another id.
      if (this.#record) this.#newId = this.#record = null;
      const content = { data: applySnapshot(schema.initialData(), pending), flash };
      const { newSession, client: boundTo } = this.#start;
      const fields = { ...newSession(), ...options, ...content, id: this.id, subject, boundTo };
      this.#adoptToken(await this.#writer.createAuthenticated(fields), pending);
      this.onLogin();
    });
  }

  /**
   * Adds an elevation for `maxAge` milliseconds (step-up) and issues a new token. Call it after checking the
   * credentials. Throws `SESSION_REQUIRED` while anonymous.
   */
  async elevate(scope: string, maxAge: number): Promise<void> {
    await this.#enqueue(async () => {
      requireTokenDelivery(this.#start, this.#lateChanges);
      if (!this.#record) throw new CoatcheckError("SESSION_REQUIRED", "Log in first.");
      const elevation = { scope, maxAge, client: this.#start.client };
      await this.#reissue((record, presented) =>
        this.#writer.privileges.elevate(record, { ...elevation, presented }),
      );
    });
  }

  /**
   * Begins to impersonate another subject, in a new session. The caller must have checked that the logged-in subject
   * may do so. The request's own session does not change. From now on this handle is the new session, with initial
   * data, and the response sends its token. See docs/impersonation.md.
   *
   * Does nothing when the subject is impersonated already. Throws `FORBIDDEN` while impersonating another subject,
   * `SESSION_REQUIRED` while anonymous, `SESSION_REVOKED` and `SESSION_EXPIRED`.
   */
  async impersonate(subject: string, options: ImpersonateOptions): Promise<void> {
    requireImpersonateArguments(subject, options);
    await this.#enqueue(async () => {
      requireTokenDelivery(this.#start, this.#lateChanges);
      if (this.assurance === "degraded") throw sessionUnavailableError();
      if (this.actor !== null && this.subject === subject) return;
      await this.#write();
      const token = this.#token ?? this.#start.presentedToken;
      this.#switchTo(await this.#writer.impersonations.begin(this.#record, token, subject, options));
    });
  }

  /**
   * Stops impersonating: ends the impersonation and returns to the actor's own session. The response sends the token of
   * that session. Also works for an impersonation that has already ended. Drops assignments that are not saved.
   *
   * @returns false when no one is impersonated.
   * @throws CoatcheckError `SESSION_REVOKED`, `SESSION_EXPIRED` or `SESSION_REQUIRED` when the actor has to log in
   *   again.
   */
  async stopImpersonating(): Promise<boolean> {
    return await this.#enqueue(async () => {
      const impersonated = this.#state === "revoked" ? null : (this.#record ?? this.#start.replaced);
      if (!impersonated?.actor) return false;
      requireTokenDelivery(this.#start, this.#lateChanges);
      this.#pending?.discard(() => this.#deps.schema.readOrInitialData(this.#record));
      const { presented } = this.#handleToken;
      this.#switchTo(await this.#writer.impersonations.stop(impersonated, impersonated.actor, presented));
      return true;
    });
  }

  /**
   * Issues a new token. If the session is logged in, the older token becomes invalid at once. Call it after any change
   * of the subject's privileges. An impersonation keeps its token.
   */
  async rotate(): Promise<void> {
    await this.#enqueue(async () => {
      requireTokenDelivery(this.#start, this.#lateChanges);
      if (this.#record && !this.actor)
        await this.#reissue((record, token) => this.#writer.privileges.rotate(record, token));
    });
  }

  /**
   * Applies a merge patch (RFC 7396) now, together with the pending changes. Concurrent patches of different members
   * are all stored.
   */
  async patch(patch: JsonObject): Promise<void> {
    const checked = requireJsonObject(patch, "data", this.#deps.policy.maxDataBytes);
    const bytes = sizeOf(checked);
    await this.#enqueue(() => this.#write((data) => applyMergePatch(data, checked), { bytes }));
  }

  /**
   * Changes the data with a function, now. The function is called again after each conflict, so it must have no side
   * effects. It must not await another write of this handle, because that write would wait for the function.
   */
  async update(change: (data: Data) => MaybePromise<Data>): Promise<void> {
    await this.#enqueue(() => this.#write(wrapUpdate(change, this.#mutex), { isComputed: true }));
  }

  /** Writes the pending changes now, instead of at the end of the request. */
  async save(...none: []): Promise<void> {
    requireNoArguments("save()", none);
    await this.#enqueue(() => this.#write());
  }

  /** Stores a change of the visit with the next write, at the latest in `commit`. For `coatcheck/visit`. */
  recordVisit(change: VisitChange): void {
    this.#visitChange = change;
  }

  /** Stores a change of the visit now. For `coatcheck/visit`; applications call `session.visit.convert`. */
  async changeVisit(change: VisitChange): Promise<void> {
    await this.#enqueue(() => this.#write(undefined, { visit: change }));
  }

  /**
   * Revokes the session permanently. The response clears the browser's cookie. A request with an older token also
   * revokes the session, because the browser may have no other token. This is possible until `tokenOverlap` has passed
   * since the first use of the newer token. If the request has several session cookies, revokes the session of each.
   * Throws `CONFLICT` for a browser's prefetch.
   *
   * Drops assignments that are not saved. Later assignments are stored only by {@link save}, which creates a new
   * session, or by a login. A later change of an array or object that was read before throws `CONFLICT`, or is
   * reported.
   *
   * @returns whether a session was revoked. False without a session, and for an older token after that time.
   */
  async revoke(reason: RevokeReason = "logout"): Promise<boolean> {
    if (!this.#record) requireRevocable(this.#start.refusal);
    if (this.isPrefetch) throw prefetchedLogoutError();
    return await this.#enqueue(async () => {
      const target = this.#record ?? this.#start.replaced;
      this.#pending?.discard(() => this.#deps.schema.readOrInitialData(this.#record));
      const { presented } = this.#handleToken;
      const hasEnded = await this.#writer.logOutAll(target, presented, this.duplicateTokens ?? [], reason);
      this.#newId = this.#record = this.#token = null;
      this.#pending?.moveTo(() => this.#deps.schema.readOrInitialData(null));
      this.#state = "revoked";
      this.#closed?.abort();
      return hasEnded;
    });
  }

  /**
   * Returns the subject's other live sessions, newest first, at most 1000. Throws `SESSION_REQUIRED` while anonymous.
   */
  async others(): Promise<readonly SessionRecord[]> {
    return await listOthers(this.#record, this.#deps);
  }

  /**
   * Revokes the subject's other sessions in one durable step, and returns their number. Call it after a change of
   * password. Throws `SESSION_REQUIRED` while anonymous, `FORBIDDEN` while impersonating.
   */
  async revokeOthers(reason: RevokeReason = "revoked"): Promise<number> {
    this.forbidWhileImpersonating("end the subject's other sessions");
    return await this.#writer.revoke(otherSessionsScope(this.#record), reason);
  }

  /**
   * Writes the pending changes, performs a periodic rotation if it is due, and returns the result. Waits for this
   * handle's earlier writes. Synchronous when there is nothing to write. Send the response headers only after it
   * resolves.
   *
   * Throws `UsageError` inside the function that is passed to {@link update}, because the commit would wait for that
   * function.
   *
   * @param onLateFailure called when a change that was made after the commit fails or is not saved. The event `failed`
   * reports it too.
   */
  commit(onLateFailure?: (error: unknown) => void): MaybePromise<Commit> {
    if (this.#mutex?.pending) return this.#mutex.pending.then(() => this.commit(onLateFailure));
    const isIdle = !this.#pending?.snapshot() && !this.#visitChange && !this.#rotationIsDue();
    if (isIdle || unsavedReasonOf(this.#state, this.#start)) return this.#toCommit(onLateFailure);
    return this.#enqueue(async () => {
      await this.#writeAtCommit();
      if (!this.#record || !this.#rotationIsDue()) return this.#toCommit(onLateFailure);
      try {
        const { presented } = this.#handleToken;
        const { privileges } = this.#writer;
        if (presented) this.#adoptToken(await privileges.rotatePeriodically(this.#record, presented), null);
      } catch (error) {
        // The request still succeeds. A later request performs the rotation.
        this.#deps.events.publish("failed", { operation: "rotate", error });
      }
      return this.#toCommit(onLateFailure);
    });
  }

  protected override toPlain(): PlainSession<Data> {
    const { id, type, subject, tenant } = this;
    const state = this.#state === "revoked" ? "revoked" : this.isNew ? "new" : "active";
    const data = this.#pending?.currentData() ?? this.#deps.schema.readOrInitialData(this.#record);
    return { id, state, type, subject, tenant, data: data as Data };
  }

  #toCommit(onLateFailure?: (error: unknown) => void): Commit {
    this.#lateChanges ??= new LateChanges(this.#deps, onLateFailure);
    if (this.#pending)
      this.#lateChanges.watchChanges(this.#pending, unsavedReasonOf(this.#state, this.#start));
    const withheldToken = this.hasDuplicates && this.#start.successorToken;
    return createCommit(this.#state, this.#token, this.#record, withheldToken);
  }

  #rotationIsDue(): boolean {
    const { policy, clock } = this.#deps;
    if (policy.rotateEvery === null || !this.#record || this.#record.actor || this.#token !== null)
      return false;
    if (this.hasDuplicates || this.#state === "superseded" || !this.#handleToken.isRotatable) return false;
    return rotationIsDue(this.#record, this.#start, policy.rotateEvery, clock.now());
  }

  /**
   * Writes the pending changes. An error that concerns only the visit is reported and not thrown, so that the page
   * still loads.
   */
  async #writeAtCommit(): Promise<void> {
    const hasChanges = !!this.#pending?.snapshot();
    try {
      await this.#write();
    } catch (error) {
      if (hasChanges) throw error;
      this.#deps.events.publish("failed", { operation: "visit", error });
    }
  }

  /**
   * Stores the pending changes and the changes in the arguments in one write. Does nothing when there are no changes.
   */
  async #write(
    change?: DataChange,
    { messages = null, visit: visitNow, bytes = 0, ...options }: WriteOptions = {},
  ): Promise<void> {
    const { schema, policy, clock } = this.#deps;
    const pending = this.#pending?.snapshot() ?? null;
    const visit = visitNow ?? this.#visitChange;
    if (!pending && !change && !visit) return;
    requireCurrentToken(this.#start.refusal);
    const validChanges = validateSnapshot(pending, policy.maxDataBytes);
    const flash = validChanges?.flash || messages ? { ...validChanges?.flash, ...messages } : null;
    const changed = (data: JsonObject, record?: SessionRecord) =>
      change ? change(applySnapshot(data, validChanges), record) : applySnapshot(data, validChanges);
    if (!this.#record) {
      if (this.#start.refusal === "withheld") throw cookieWithheldError();
      requireTokenDelivery(this.#start, this.#lateChanges);
      const data = await changed(schema.initialData());
      const visitFields = visit?.(NO_VISIT_FIELDS) ?? null;
      const fields = { ...this.#start.newSession(), id: this.id, data, flash, visitFields };
      this.#adoptToken(await this.#writer.create(fields), validChanges);
      if (visit === this.#visitChange) this.#visitChange = null;
      return;
    }
    await this.#writer.requireStillLive(this.id, this.#start.cached);
    const seenAt = this.#start.activity === "user" ? clock.now() : this.#record.lastSeenAt;
    const before = this.#record;
    const { presented } = this.#handleToken;
    const written = { ...options, bytes: bytes + (validChanges?.size ?? 0), presented, seenAt, flash, visit };
    this.#record =
      visit && !pending && !change
        ? await this.#writer.changeVisit(before, visit, presented)
        : await this.#writer.changeData(before, changed, written);
    if (visit === this.#visitChange) this.#visitChange = null;
    this.#pending?.markSaved(validChanges, () => schema.readOrInitialData(this.#record));
    if (this.#record.secretHash !== before.secretHash) {
      // The request used an older token that is still valid. It may write, but must not receive the newer token.
      this.#token = null;
      this.#state = "superseded";
    } else if (this.#state !== "rotated" && this.#state !== "superseded") {
      this.#state = "changed";
    }
  }

  /** Continues with a record that has a new token. `pending` has been stored with it. */
  #adoptToken({ record, token }: IssuedSession, pending: PendingSnapshot | null): void {
    this.#record = record;
    this.#token = token;
    this.#handleToken.replaceWith(token);
    this.#state = "rotated";
    this.#closed?.follow(record);
    this.#pending?.markSaved(pending, () => this.#deps.schema.readOrInitialData(record));
  }

  /** Ends the impersonation and the actor's own session: after a login, this browser no longer has their tokens. */
  async #endImpersonation(): Promise<void> {
    const impersonated = this.#record ?? this.#start.replaced;
    if (impersonated?.actor) await this.#writer.logOut(impersonated, this.#handleToken.presented, "logout");
  }

  /** Continues with another session of the same browser. */
  #switchTo(issued: IssuedSession): void {
    this.#visitChange = null;
    this.#pending?.moveTo(() => this.#deps.schema.readOrInitialData(issued.record));
    this.#adoptToken(issued, null);
  }

  /** Runs a write of this handle after its earlier writes have ended. */
  #enqueue<Value>(act: () => Promise<Value>): Promise<Value> {
    this.#mutex ??= new Mutex();
    return this.#mutex.run(act);
  }

  /** Stores the pending changes, then calls `issue`, which issues a new token for the session. */
  async #reissue(
    issue: (record: SessionRecord, presented: PresentedToken | null) => Promise<IssuedSession>,
  ): Promise<void> {
    await this.#write();
    await this.#writer.requireStillLive(this.id, this.#start.cached);
    if (!this.#record) throw tokenSupersededError();
    this.#adoptToken(await issue(this.#record, this.#handleToken.presented), null);
  }

  protected override withElevations(): SessionRecord | null {
    return this.#handleToken.withElevations(this.#record);
  }

  get #handleToken(): HandleToken {
    this.#createdHandleToken ??= new HandleToken(this.#deps.tokens, this.#start);
    return this.#createdHandleToken;
  }
}

shareBetweenCopies(Session, "Session");

refuseAssignments(Session.prototype, "assign to a member of session.data, as in session.data.name = value");
