import type { Commit, CommitState } from "./commit.ts";
import { CoatcheckError } from "./errors.ts";
import type { RefusalReason } from "./events.ts";
import { outOfReach, superseded, unavailable } from "./holder-errors.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { Issued } from "./parts.ts";
import { applyMergePatch, requireJsonObject } from "./patch.ts";
import type { Tier } from "./reader.ts";
import type { RevokeReason, SessionRecord, SessionType } from "./record.ts";
import type { Assurance, SessionStart } from "./start.ts";
import { newSessionId, secretOfToken } from "./token.ts";
import { type AuthenticateOptions, isElevated, requireElevated } from "./transitions.ts";
import { Turns } from "./turns.ts";
import { type Part, Unsaved } from "./unsaved.ts";
import type { SessionWriter } from "./writer.ts";

/** A value now when it is at hand, a promise of it when it is not: a local hit never waits. */
export type MaybePromise<Value> = Value | Promise<Value>;

const UNCHANGED: Commit = { state: "unchanged", token: null, record: null };

/**
 * One request's hold on one session. Reading is free; assigning to {@link data} is recorded and written once, by
 * {@link commit}, as a patch. A visitor who leaves nothing behind is never stored.
 *
 * Every method that writes throws `CONFLICT` when the presented token has been superseded: the browser has a newer
 * one, and a repeated request will carry it; those that make a new token also when the response's headers are out. They
 * throw `SESSION_REVOKED` or `SESSION_EXPIRED` when the session ended meanwhile, and `STORE_UNAVAILABLE` when the store
 * does not answer; nothing is then changed.
 */
export class Session<Data = JsonObject> {
  readonly #writer: SessionWriter<Data>;
  readonly #start: SessionStart;
  #record: SessionRecord | null;
  #id: string | null = null;
  #unsaved: Unsaved | null = null;
  #token: string | null;
  #state: CommitState;
  /** Whether the commit has been made, after which the holder is told nothing more. */
  #isOut = false;
  /** Whether another request has replaced the token, and a write here has gone on from its record. */
  #isSuperseded = false;
  #turns: Turns | null = null;

  constructor(writer: SessionWriter<Data>, start: SessionStart) {
    this.#writer = writer;
    this.#start = start;
    this.#record = start.held ? start.held.record : null;
    this.#token = start.successor;
    this.#state = start.successor
      ? "rotated"
      : start.held && start.activity === "user"
        ? "touched"
        : "unchanged";
  }

  /** A name, not a key. Asking for it stores nothing. */
  get id(): string {
    if (this.#record) return this.#record.id;
    this.#id ??= newSessionId(this.#writer.parts.random);
    return this.#id;
  }

  /** The stored record; null while there is none. Its `data` is as stored, without what was assigned since. */
  get record(): SessionRecord | null {
    return this.#record;
  }

  /** Whether nothing of this visitor is stored yet. */
  get isNew(): boolean {
    return this.#record === null;
  }

  /** Why the token that the request carried opened nothing; null when it did, or when there was none. */
  get refusal(): RefusalReason | null {
    return this.#start.refusal;
  }

  /** Which tier answered; null for a new session. */
  get tier(): Tier | null {
    return this.#start.tier;
  }

  /** `degraded` in an outage, on a route that allows it: a sensitive handler should refuse. */
  get assurance(): Assurance {
    return this.#start.assurance;
  }

  get type(): SessionType {
    return this.#record?.type ?? "anonymous";
  }

  /** Whom the session is logged in as; null while anonymous. */
  get subject(): string | null {
    return this.#record?.subject ?? null;
  }

  get tenant(): string | null {
    return this.#record?.tenant ?? null;
  }

  /** The latest activity known, epoch milliseconds; null for a new session. */
  get lastSeenAt(): number | null {
    return this.#record && Math.max(this.#record.lastSeenAt, this.#start.held?.lastSeenAt ?? 0);
  }

  /**
   * The application's data. Assign to it at any depth; `commit` writes what changed as a merge patch, so assigning
   * null removes. Arrays replace whole: keep what several requests may change at once in objects. It may be held: it is
   * the same object as long as the handle.
   */
  get data(): Data {
    this.#unsaved ??= new Unsaved();
    return this.#unsaved.view(() => this.#storedData()) as Data;
  }

  /** Leaves a message for the next request that asks, in place of one of the same name. */
  flash(name: string, message: JsonValue): void {
    this.#unsaved ??= new Unsaved();
    this.#unsaved.leave(name, message);
  }

  /** Takes a message; it is gone for the next request. */
  takeFlash(name: string): JsonValue | undefined {
    const unsaved = this.#unsaved ?? new Unsaved();
    const message = unsaved.message(name, this.#record?.flash);
    if (message === undefined || message === null) return undefined;
    unsaved.leave(name, null);
    this.#unsaved = unsaved;
    return message;
  }

  /**
   * Logs the holder in: same id, visitor and data, a new token at once; the old one dies (ASVS 5.0 V7.2.4). Becoming
   * another subject starts with fresh data. Throws `CONFLICT` when the policy rejects one session more.
   */
  async authenticate(subject: string, options: AuthenticateOptions = {}): Promise<void> {
    await this.#inTurn(async () => {
      this.#requireReach();
      if (!this.#record) {
        const part = this.#part();
        const birth = { ...this.#birth(part, options), subject };
        this.#adopt(await this.#writer.createAuthenticated(birth), part);
        return;
      }
      this.#adopt(await this.#writer.authenticate(await this.#saved(), subject, options), null);
    });
  }

  /**
   * Records that the holder has just proved again who they are; call it after checking. A new token at once.
   *
   * @param maxAge how long it counts, milliseconds.
   * @throws CoatcheckError `SESSION_REQUIRED` when nobody is logged in.
   */
  async elevate(scope: string, maxAge: number): Promise<void> {
    await this.#inTurn(async () => {
      this.#requireReach();
      if (!this.#record) throw new CoatcheckError("SESSION_REQUIRED", "Log in first.");
      this.#adopt(await this.#writer.elevate(await this.#saved(), scope, maxAge), null);
    });
  }

  /** Throws `SESSION_REQUIRED` or `REAUTHENTICATION_REQUIRED` unless {@link elevate} was called recently for `scope`. */
  requireElevated(scope: string): void {
    if (this.assurance === "degraded") throw unavailable();
    requireElevated(this.#record, scope, this.#writer.parts.clock.now());
  }

  /** Whether {@link elevate} was called recently enough for `scope`; never on a degraded copy. */
  isElevated(scope: string): boolean {
    return this.assurance === "full" && isElevated(this.#record, scope, this.#writer.parts.clock.now());
  }

  /** A new token; the old one dies at once. Call it after any change of what the holder may do. */
  async rotate(): Promise<void> {
    await this.#inTurn(async () => {
      this.#requireReach();
      if (!this.#record) return;
      this.#adopt(await this.#writer.rotate(await this.#saved()), null);
    });
  }

  /** Applies a merge patch (RFC 7396) now, together with what was assigned. Concurrent disjoint patches all survive. */
  async patch(patch: JsonObject): Promise<void> {
    const { policy } = this.#writer.parts;
    const checked = requireJsonObject(patch, "data", policy.dataLimit);
    await this.#inTurn(() => this.#write((data) => applyMergePatch(data, checked)));
  }

  /**
   * Changes the data by a function, now; it runs again when another request was faster, so keep it free of effects. It
   * must not wait for a change of this same handle, which has its turn afterwards.
   */
  async update(change: (data: Data) => MaybePromise<Data>): Promise<void> {
    await this.#inTurn(() => this.#write(async (data) => await change(structuredClone(data) as Data)));
  }

  /** Writes what was assigned now, instead of with the response. */
  async save(): Promise<void> {
    await this.#inTurn(() => this.#save());
  }

  /**
   * Ends the session for good. The browser's cookie is cleared with the response. Under a superseded token there is
   * nothing to end: whoever holds the newer one has just logged in.
   */
  async revoke(reason: RevokeReason = "logout"): Promise<void> {
    if (this.#start.refusal === "unavailable") throw unavailable();
    await this.#inTurn(async () => {
      this.#unsaved = null;
      if (this.#record) await this.#writer.revoke({ session: this.#record.id }, reason);
      this.#record = null;
      this.#token = null;
      this.#state = "revoked";
    });
  }

  /**
   * The one commit switch: writes what is pending, rotates when it is time, and says what became of the session.
   * Answers synchronously when there is nothing to write. It comes after what was asked for before it, be that awaited or
   * not. Headers must not leave before it has resolved.
   */
  commit(): MaybePromise<Commit> {
    const underWay = this.#turns?.underWay;
    if (underWay) return underWay.then(() => this.commit());
    if (this.#state === "revoked") return this.#committed();
    if (this.#unsaved?.part() || this.#rotationIsDue()) return this.#inTurn(() => this.#commitPending());
    return this.#committed();
  }

  async #commitPending(): Promise<Commit> {
    await this.#save();
    if (this.#record && this.#rotationIsDue()) await this.#rotateInTime(this.#record);
    return this.#committed();
  }

  #committed(): Commit {
    this.#isOut = true;
    if (this.#state === "revoked") return { state: "revoked", token: null, record: null };
    if (!this.#record) return UNCHANGED;
    if (this.#isSuperseded) return { state: this.#state, token: null, record: null };
    return { state: this.#state, token: this.#token, record: this.#record };
  }

  /** A rotation that does not come about is tried again by a later request; this one answers all the same. */
  async #rotateInTime(record: SessionRecord): Promise<void> {
    try {
      this.#adopt(await this.#writer.rotateInTime(record, secretOfToken(this.#start.presented ?? "")), null);
    } catch (error) {
      this.#writer.parts.events.tell("failed", { operation: "rotate", error });
    }
  }

  #rotationIsDue(): boolean {
    const { policy, clock } = this.#writer.parts;
    if (policy.rotateEvery === null || this.#token !== null || this.#start.activity === "none") return false;
    if (!this.#record || !this.#start.presented || this.#isSuperseded) return false;
    return clock.now() - this.#record.rotatedAt >= policy.rotateEvery;
  }

  async #save(): Promise<void> {
    if (this.#unsaved?.part()) await this.#write(async (data) => data);
  }

  async #write(change: (data: JsonObject) => MaybePromise<unknown>): Promise<void> {
    this.#requireHolder();
    const part = this.#part();
    const patch = part?.patch;
    const assigned = (data: JsonObject) => (patch ? applyMergePatch(data, patch) : data);
    if (!this.#record) {
      this.#requireReach();
      const data = await change(assigned(this.#storedData()));
      this.#adopt(await this.#writer.create({ ...this.#birth(part), data }), part);
      return;
    }
    await this.#requireLife();
    const seenAt = this.#start.activity === "user" ? this.#writer.parts.clock.now() : this.#record.lastSeenAt;
    const { secretHash } = this.#record;
    this.#record = await this.#writer.changeData(this.#record, (data) => change(assigned(data)), {
      seenAt,
      ...(part?.flash ? { flash: part.flash } : {}),
    });
    if (this.#record.secretHash !== secretHash) {
      // Data may go on through another request's login; a token may not, since whoever sent that one holds the newer.
      this.#isSuperseded = true;
      this.#token = null;
      this.#state = "changed";
    }
    this.#settle("changed", part);
  }

  #birth(part: Part | null, options: AuthenticateOptions = {}) {
    return {
      ...this.#start.birth(),
      ...options,
      id: this.id,
      ...(part?.patch ? { data: applyMergePatch(this.#storedData(), part.patch) } : {}),
      ...(part?.flash ? { flash: part.flash } : {}),
    };
  }

  #adopt({ record, token }: Issued, part: Part | null): void {
    this.#record = record;
    this.#token = token;
    this.#isSuperseded = false;
    this.#settle("rotated", part);
  }

  #settle(state: CommitState, part: Part | null): void {
    this.#unsaved?.settle(part, () => this.#storedData());
    if (this.#state !== "rotated") this.#state = state;
  }

  /** What is to be stored now, checked, and a copy: what is assigned later belongs to the next write. */
  #part(): Part | null {
    const part = this.#unsaved?.part() ?? null;
    if (!part?.patch) return part;
    const { dataLimit } = this.#writer.parts.policy;
    return { ...part, patch: requireJsonObject(part.patch, "data", dataLimit) };
  }

  /** What changes the session happens one after the other, in the order asked for. */
  #inTurn<Value>(act: () => Promise<Value>): Promise<Value> {
    this.#turns ??= new Turns();
    return this.#turns.take(act);
  }

  #storedData(): JsonObject {
    const { schema } = this.#writer.parts;
    return (this.#record ? schema.read(this.#record) : schema.initial()) as JsonObject;
  }

  /** The record to work on, once what was assigned is stored. */
  async #saved(): Promise<SessionRecord> {
    await this.#save();
    await this.#requireLife();
    if (this.#isSuperseded) throw superseded();
    if (this.#record) return this.#record;
    throw new CoatcheckError("SESSION_REQUIRED", "There is no session to work on.");
  }

  /**
   * What has ended stays ended: a request that went on for longer than its session may not bring it back by a change.
   * Only the store knows of what others have done meanwhile.
   */
  async #requireLife(): Promise<void> {
    const { clock } = this.#writer.parts;
    if (this.#start.held?.isOver(clock.now())) await this.#writer.live(this.id, { fresh: true });
  }

  #requireHolder(): void {
    const { refusal } = this.#start;
    if (refusal === "unavailable") throw unavailable();
    if (refusal === "superseded") throw superseded();
  }

  /** A new token travels with the response's headers: once they are out, the old one would die and none replace it. */
  #requireReach(): void {
    this.#requireHolder();
    if (this.#isOut) throw outOfReach();
  }
}
