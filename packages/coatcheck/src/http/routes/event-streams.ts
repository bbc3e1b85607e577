import { type Clock, type Schedule, systemSchedule } from "../../session/clock.ts";
import { CoatcheckError } from "../../session/errors.ts";
import type { SessionEvents } from "../../session/events.ts";
import type { SessionManager } from "../../session/manager.ts";
import type { SessionRecord } from "../../session/record.ts";
import type { RevocationScope } from "../../session/store.ts";
import type { RequestSession } from "../request-session.ts";
import { EventStream } from "./event-stream.ts";
import type { EventOptions } from "./options.ts";

/** Milliseconds; proxies give a silent connection up after 30 seconds or more. */
const BEAT_EVERY = 15_000;

/** A session that is followed, as it was last known here, and the tabs that follow it. */
interface Followed<Data> {
  record: SessionRecord;
  readonly streams: Set<EventStream<Data>>;
}

/**
 * All open event streams of this process. What happens here is told at once; what other nodes did is found by looking
 * through the caches, one timer for all. Nothing runs while no stream is open.
 */
export class EventStreams<Data> {
  readonly #manager: SessionManager<Data>;
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #checkEvery: number;
  readonly #warnBefore: number;
  readonly #mostPerSession: number;
  readonly #followed = new Map<string, Followed<Data>>();
  #cancelTimer: (() => void) | null = null;
  #beatenAt = 0;

  constructor(manager: SessionManager<Data>, clock: Clock, options: EventOptions = {}) {
    this.#manager = manager;
    this.#clock = clock;
    this.#schedule = options.schedule ?? systemSchedule;
    this.#checkEvery = options.checkEvery ?? 1000;
    this.#warnBefore = options.warnBefore ?? 60_000;
    this.#mostPerSession = options.mostPerSession ?? 10;
  }

  /** Opens one for the session that `request` carries. Throws `RATE_LIMITED` when the session has as many as it may. */
  open(request: RequestSession<Data>, record: SessionRecord): ReadableStream<Uint8Array> {
    const followed = this.#followed.get(record.id) ?? { record, streams: new Set() };
    if (followed.streams.size >= this.#mostPerSession) {
      throw new CoatcheckError("RATE_LIMITED", "This session has too many event streams open.", {
        retryAfter: 30,
      });
    }
    if (this.#followed.size === 0) this.#begin();
    this.#followed.set(record.id, followed);
    const stream = new EventStream(request, record.id, record.version, () => this.#ended(followed, stream));
    followed.streams.add(stream);
    return stream.body;
  }

  /** Ends all of them, for a server that stops; their browsers come back to whoever takes over. */
  close(): void {
    for (const stream of this.#streams()) stream.end();
  }

  #begin(): void {
    const { events } = this.#manager;
    events.on("changed", this.#whenChanged);
    for (const name of RESECURED) events.on(name, this.#whenResecured);
    events.on("revoked", this.#whenRevoked);
    this.#beatenAt = this.#clock.now();
    this.#wait();
  }

  #ended(followed: Followed<Data>, stream: EventStream<Data>): void {
    followed.streams.delete(stream);
    if (followed.streams.size > 0) return;
    this.#followed.delete(stream.id);
    if (this.#followed.size > 0) return;
    const { events } = this.#manager;
    events.off("changed", this.#whenChanged);
    for (const name of RESECURED) events.off(name, this.#whenResecured);
    events.off("revoked", this.#whenRevoked);
    this.#cancelTimer?.();
  }

  #wait(): void {
    this.#cancelTimer = this.#schedule(this.#checkEvery, () => this.#look());
  }

  #look(): void {
    this.#wait();
    const now = this.#clock.now();
    const beats = now - this.#beatenAt >= BEAT_EVERY;
    if (beats) this.#beatenAt = now;
    for (const stream of this.#streams()) {
      if (beats) stream.beat();
      void stream.check(this.#clock, this.#checkEvery, this.#warnBefore);
    }
  }

  #streams(): EventStream<Data>[] {
    return [...this.#followed.values()].flatMap(({ streams }) => [...streams]);
  }

  readonly #whenChanged = ({ record }: SessionEvents["changed"][0]): void => {
    const followed = this.#followed.get(record.id);
    if (followed === undefined) return;
    followed.record = record;
    for (const stream of followed.streams)
      stream.changed(record.version, this.#clock.now(), this.#checkEvery);
  };

  /** The token that opened the streams has died, or is about to: the tabs come back with the new one. */
  readonly #whenResecured = ({ record }: { readonly record: SessionRecord }): void => {
    for (const stream of [...(this.#followed.get(record.id)?.streams ?? [])]) stream.finish("changed");
  };

  readonly #whenRevoked = ({ scope }: SessionEvents["revoked"][0]): void => {
    for (const { record, streams } of this.#reached(scope)) {
      if (reaches(scope, record)) for (const stream of [...streams]) stream.finish("revoked");
    }
  };

  #reached(scope: RevocationScope): readonly Followed<Data>[] {
    if (!("session" in scope)) return [...this.#followed.values()];
    const followed = this.#followed.get(scope.session);
    return followed ? [followed] : [];
  }
}

/** The events of a new secret. */
const RESECURED = ["authenticated", "elevated", "rotated"] as const;

function reaches(scope: RevocationScope, record: SessionRecord): boolean {
  if ("session" in scope) return scope.session === record.id;
  if ("subject" in scope) return scope.subject === record.subject && scope.except !== record.id;
  if ("tenant" in scope) return scope.tenant === record.tenant;
  return true;
}
