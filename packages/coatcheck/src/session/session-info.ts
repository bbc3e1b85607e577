import { needsProof } from "./binding.ts";
import type { Clock } from "./clock.ts";
import type { RefusalReason } from "./events.ts";
import type { JsonObject } from "./json.ts";
import { INSPECT_METHOD, type InspectFunction, type PlainSession, toPlainCopy } from "./plain-session.ts";
import type { Tier } from "./reader.ts";
import type { SessionRecord, SessionType } from "./record.ts";
import { type Actor, forbidWhileImpersonating } from "./recorded-actor.ts";
import type { AttachedVisit, SessionVisit } from "./session-visit.ts";
import type { Assurance, SessionStart } from "./start.ts";
import { sessionUnavailableError } from "./token-errors.ts";
import { isElevated, requireElevated } from "./transitions.ts";

/** An object that another module keeps with a handle. The attachments of a handle form a linked list. */
interface Attachment {
  readonly owner: object;
  readonly value: object;
  readonly next: Attachment | null;
}

/** Describes an impersonation, for a banner on the page. */
export interface Impersonation {
  readonly actor: Actor;
  /** The subject that the actor impersonates. */
  readonly subject: string;
  /** The latest time at which the impersonation ends, epoch milliseconds. */
  readonly endsAt: number;
  readonly hasEnded: boolean;
}

function actorOf(record: SessionRecord | null): Actor | null {
  return record?.actor ? { subject: record.actor.subject, reason: record.actor.reason } : null;
}

/** The read-only properties of a session handle: the subject, the times, and the result of the token check. */
export abstract class SessionInfo<Data = JsonObject> {
  #isPrefetch = false;
  #duplicateTokens: readonly string[] | null = null;
  readonly #start: SessionStart;
  readonly #clock: Clock;
  #visit: AttachedVisit | null = null;
  #attachment: Attachment | null = null;

  constructor(start: SessionStart, clock: Clock) {
    this.#start = start;
    this.#clock = clock;
  }

  /** Whether the browser prefetched this request. A prefetched logout link must not log the user out. */
  get isPrefetch(): boolean {
    return this.#isPrefetch;
  }

  set isPrefetch(value: boolean) {
    this.#isPrefetch = value;
  }

  /**
   * Whether the request has several session cookies. One of them may be planted by a sibling host. In such a request no
   * periodic rotation happens, because it could store the token of a planted session in this site's own cookie.
   */
  get hasDuplicates(): boolean {
    return this.#duplicateTokens !== null;
  }

  /**
   * The distinct values of the request's session cookies if there are several, else null. A logout ends each session.
   */
  get duplicateTokens(): readonly string[] | null {
    return this.#duplicateTokens;
  }

  set duplicateTokens(values: readonly string[] | null) {
    this.#duplicateTokens = values;
  }

  /** Returns the fields to print. */
  protected abstract toPlain(): PlainSession<Data>;

  /** Returns the record with the elevations that the handle's token may use. */
  protected abstract withElevations(): SessionRecord | null;

  abstract get id(): string;

  abstract get record(): SessionRecord | null;

  /** Whether this session has not been stored yet. */
  get isNew(): boolean {
    return this.record === null;
  }

  /** Why the request's token was refused. Null if it was accepted, or if the request had no token. */
  get refusal(): RefusalReason | null {
    return this.#start.refusal;
  }

  /**
   * The id of the session whose token the request sent, if a newer token has replaced that token. A login may use this
   * session. Null for any other token.
   */
  get replacedId(): string | null {
    return this.#start.replaced?.id ?? null;
  }

  /** The tier that the session was read from; null for a new session. */
  get tier(): Tier | null {
    return this.#start.tier;
  }

  /**
   * `degraded` if the session was read from an expired copy during an outage, on a route that allows it. A sensitive
   * handler should then reject the request.
   */
  get assurance(): Assurance {
    return this.#start.assurance;
  }

  /**
   * Whether a different client than the one that logged in has used the session, and the user has not proved their
   * identity since. Until the user does, no login counts as recent. Always false unless the option `binding` has the
   * policy `step-up`.
   */
  get needsProof(): boolean {
    return this.record !== null && needsProof(this.record);
  }

  get type(): SessionType {
    return this.record?.type ?? "anonymous";
  }

  /** The user or customer id that the session is logged in as; null while anonymous. */
  get subject(): string | null {
    return this.record?.subject ?? null;
  }

  /** The administrator who acts for the subject; null unless the subject is impersonated. */
  get actor(): Actor | null {
    return actorOf(this.record);
  }

  /**
   * Describes the impersonation that this session is or was, for a banner. Null for every other session. `hasEnded` is
   * true if the impersonation has ended, but the browser still sends its token. The session is then empty, and
   * `stopImpersonating` returns to the administrator's own session.
   */
  get impersonation(): Impersonation | null {
    const record = this.record ?? this.#start.replaced;
    const actor = actorOf(record);
    if (record === null || actor === null || record.subject === null) return null;
    return { actor, subject: record.subject, endsAt: record.expiresAt, hasEnded: this.record === null };
  }

  /**
   * Throws while the subject is impersonated. Call it before an action that an administrator must not do for a subject.
   * Not needed after {@link requireElevated}, which also throws while impersonating.
   *
   * @param action the action of the route, which the message names, such as "change the password".
   * @throws CoatcheckError `FORBIDDEN` while impersonating.
   */
  forbidWhileImpersonating(action: string): void {
    forbidWhileImpersonating(this.record, action);
  }

  get tenant(): string | null {
    return this.record?.tenant ?? null;
  }

  /**
   * The visit of this request, for tracking events and orders.
   *
   * @throws TypeError unless `coatcheck()` was mounted with the option `visits`.
   */
  get visit(): SessionVisit {
    if (this.#visit !== null) return this.#visit;
    throw new TypeError("Visits are not set up: pass createVisits(…) as the option `visits` of coatcheck().");
  }

  /** Sets {@link visit}. For the HTTP layer. */
  attachVisit(visit: AttachedVisit): void {
    this.#visit = visit;
  }

  /** Returns the object that `owner` has attached to this handle; undefined without one. For `coatcheck/context`. */
  attachmentOf(owner: object): object | undefined {
    let attachment = this.#attachment;
    while (attachment !== null && attachment.owner !== owner) attachment = attachment.next;
    return attachment?.value;
  }

  /** Keeps an object for `owner` as long as this handle lives. `owner` attaches at most one. */
  attach(owner: object, value: object): void {
    this.#attachment = { owner, value, next: this.#attachment };
  }

  /** Tells the request's visit that a login has been stored. */
  protected onLogin(): void {
    this.#visit?.onLogin();
  }

  /** The latest known activity, epoch milliseconds; null for a new session. */
  get lastSeenAt(): number | null {
    return this.record && Math.max(this.record.lastSeenAt, this.#start.cached?.lastSeenAt ?? 0);
  }

  /**
   * Throws `SESSION_REQUIRED` while anonymous, `FORBIDDEN` while impersonating, `REAUTHENTICATION_REQUIRED` without a
   * current elevation for `scope`.
   */
  requireElevated(scope: string): void {
    if (this.assurance === "degraded") throw sessionUnavailableError();
    requireElevated(this.withElevations(), scope, this.#clock.now());
  }

  /** Whether the session has a current elevation for `scope`; always false for a degraded copy. */
  isElevated(scope: string): boolean {
    return this.assurance === "full" && isElevated(this.withElevations(), scope, this.#clock.now());
  }

  /**
   * Returns a plain copy, for logs and `JSON.stringify`. The copy's data can be passed to `structuredClone`, unlike the
   * data of the handle.
   */
  toJSON(): PlainSession<Data> {
    return toPlainCopy(this.toPlain());
  }

  [INSPECT_METHOD](_depth: number, options: object, inspect: InspectFunction): string {
    return `Session ${inspect(this.toPlain(), options)}`;
  }
}
