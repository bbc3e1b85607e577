import type { Clock } from "./clock.ts";
import type { RefusalReason } from "./events.ts";
import type { JsonObject } from "./json.ts";
import { INSPECT, type Inspect, type PlainSession, plainCopy } from "./plain-session.ts";
import type { Tier } from "./reader.ts";
import type { SessionRecord, SessionType } from "./record.ts";
import { type Actor, forbidWhileImpersonating } from "./recorded-actor.ts";
import type { SessionVisit, VisitObserver } from "./session-visit.ts";
import type { Assurance, SessionStart } from "./start.ts";
import { sessionUnavailable } from "./token-errors.ts";
import { isElevated, requireElevated } from "./transitions.ts";

/** An impersonation, as a banner shows it. */
export interface Impersonation {
  readonly actor: Actor;
  /** Whom the actor acts for. */
  readonly subject: string;
  /** When the impersonation ends at the latest, epoch milliseconds. */
  readonly endsAt: number;
  readonly hasEnded: boolean;
}

function actorOf(record: SessionRecord | null): Actor | null {
  return record?.actor ? { subject: record.actor.subject, reason: record.actor.reason } : null;
}

/** The readable properties of a request's session: its subject, its times, and the result of the token check. */
export abstract class SessionInfo<Data = JsonObject> {
  #isPrefetch = false;
  #hasDuplicates = false;
  readonly #start: SessionStart;
  readonly #clock: Clock;
  #visit: VisitObserver | null = null;

  constructor(start: SessionStart, clock: Clock) {
    this.#start = start;
    this.#clock = clock;
  }

  /** Set for a request that the user did not make: a browser's prefetch of a logout link must not log the user out. */
  get isPrefetch(): boolean {
    return this.#isPrefetch;
  }

  set isPrefetch(value: boolean) {
    this.#isPrefetch = value;
  }

  /**
   * Set for a request with several session cookies. A periodic rotation would set the token that opened the session, which a
   * sibling host may have planted, as this site's own.
   */
  get hasDuplicates(): boolean {
    return this.#hasDuplicates;
  }

  set hasDuplicates(value: boolean) {
    this.#hasDuplicates = value;
  }

  /** The fields to print. */
  protected abstract plain(): PlainSession<Data>;

  /** The record with the elevations that the handle's token has. */
  protected abstract elevated(): SessionRecord | null;

  abstract get id(): string;

  abstract get record(): SessionRecord | null;

  /** Whether this session is not stored yet. */
  get isNew(): boolean {
    return this.record === null;
  }

  /** Why the request's token was refused; null when it was accepted, and when there was none. */
  get refusal(): RefusalReason | null {
    return this.#start.refusal;
  }

  /** The id of the session whose replaced token the request carried, which a login may join; null without one. */
  get replacedId(): string | null {
    return this.#start.replaced?.id ?? null;
  }

  /** The tier that answered; null for a new session. */
  get tier(): Tier | null {
    return this.#start.tier;
  }

  /** `degraded` during an outage, on a route that allows it. A sensitive handler should then refuse. */
  get assurance(): Assurance {
    return this.#start.assurance;
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
   * What a banner shows while an administrator acts for the subject; null otherwise. `hasEnded` tells that the impersonation of
   * this browser is over: the session is empty, and `stopImpersonating` returns to the administrator's own.
   */
  get impersonation(): Impersonation | null {
    const record = this.record ?? this.#start.replaced;
    const actor = actorOf(record);
    if (record === null || actor === null || record.subject === null) return null;
    return { actor, subject: record.subject, endsAt: record.expiresAt, hasEnded: this.record === null };
  }

  /**
   * Refuses what an actor must not do for a subject. Every elevation is forbidden already: see {@link requireElevated}.
   *
   * @param action what the route does, for the message: "change the password".
   * @throws CoatcheckError `FORBIDDEN` while impersonating.
   */
  forbidWhileImpersonating(action: string): void {
    forbidWhileImpersonating(this.record, action);
  }

  get tenant(): string | null {
    return this.record?.tenant ?? null;
  }

  /**
   * The visit of this request: track events and convert.
   *
   * @throws TypeError unless `coatcheck()` was mounted with the option `visits`.
   */
  get visit(): SessionVisit {
    if (this.#visit !== null) return this.#visit;
    throw new TypeError(
      "This session has no visit: pass createVisits(…) to coatcheck() as the option visits.",
    );
  }

  /** Sets {@link visit}. For the HTTP layer. */
  attachVisit(visit: VisitObserver): void {
    this.#visit = visit;
  }

  /** Reports a stored login to the visit. */
  protected loggedIn(): void {
    this.#visit?.loggedIn();
  }

  /** The latest known activity, epoch milliseconds; null for a new session. */
  get lastSeenAt(): number | null {
    return this.record && Math.max(this.record.lastSeenAt, this.#start.cached?.lastSeenAt ?? 0);
  }

  /** Throws `SESSION_REQUIRED` while anonymous, `FORBIDDEN` while impersonating, `REAUTHENTICATION_REQUIRED` without a current elevation for `scope`. */
  requireElevated(scope: string): void {
    if (this.assurance === "degraded") throw sessionUnavailable();
    requireElevated(this.elevated(), scope, this.#clock.now());
  }

  /** Whether the session has a current elevation for `scope`; always false for a degraded copy. */
  isElevated(scope: string): boolean {
    return this.assurance === "full" && isElevated(this.elevated(), scope, this.#clock.now());
  }

  /** A plain copy, for logs and `JSON.stringify`. Its data can be passed to `structuredClone`, unlike the handle's. */
  toJSON(): PlainSession<Data> {
    return plainCopy(this.plain());
  }

  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `Session ${inspect(this.plain(), options)}`;
  }
}
