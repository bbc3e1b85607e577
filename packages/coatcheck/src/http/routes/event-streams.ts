import { type Clock, type Schedule, systemSchedule } from "../../session/clock.ts";
import { CoatcheckError } from "../../session/errors.ts";
import type { SessionEvents } from "../../session/events.ts";
import type { SessionManager } from "../../session/manager.ts";
import type { SessionRecord } from "../../session/record.ts";
import type { RevocationScope } from "../../session/store.ts";
import type { RequestSession } from "../request-session.ts";
import { EventStream } from "./event-stream.ts";
import type { EventOptions } from "./options.ts";

/** Milliseconds between heartbeats. Proxies close a silent connection after 30 seconds or more. */
const HEARTBEAT_INTERVAL = 15_000;

/** A session with open streams: its newest record known to this process, and the streams. */
interface Subscription<Data> {
  record: SessionRecord;
  readonly streams: Set<EventStream<Data>>;
}

/**
 * All open event streams of this process. Changes made by this process are sent at once. Changes made by other nodes are
 * found by loading each session again through the cache, with one timer for all streams. No timer and no listener is active
 * while no stream is open.
 */
export class EventStreams<Data> {
  readonly #manager: SessionManager<Data>;
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #checkInterval: number;
  readonly #warnBefore: number;
  readonly #maxPerSession: number;
  /** By session id. */
  readonly #subscriptions = new Map<string, Subscription<Data>>();
  #cancelTimer: (() => void) | null = null;
  #heartbeatSentAt = 0;

  constructor(manager: SessionManager<Data>, clock: Clock, options: EventOptions = {}) {
    this.#manager = manager;
    this.#clock = clock;
    this.#schedule = options.schedule ?? systemSchedule;
    this.#checkInterval = options.checkInterval ?? 1000;
    this.#warnBefore = options.warnBefore ?? 60_000;
    this.#maxPerSession = options.maxPerSession ?? 10;
  }

  /**
   * Opens a stream for the session of `request`.
   *
   * @throws CoatcheckError `RATE_LIMITED` when the session has the maximum number of open streams.
   */
  open(request: RequestSession<Data>, record: SessionRecord): ReadableStream<Uint8Array> {
    const subscription = this.#subscriptions.get(record.id) ?? { record, streams: new Set() };
    if (subscription.streams.size >= this.#maxPerSession) {
      const message = `Too many event streams: a session can have ${this.#maxPerSession} open.`;
      throw new CoatcheckError("RATE_LIMITED", message, { retryAfter: 30 });
    }
    if (this.#subscriptions.size === 0) this.#start();
    this.#subscriptions.set(record.id, subscription);
    const ended = () => this.#remove(subscription, stream);
    const stream = new EventStream(request, record.id, record.version, ended);
    subscription.streams.add(stream);
    return stream.body;
  }

  /** Ends all streams, so that the server can stop. The browsers reconnect to the server that replaces it. */
  close(): void {
    for (const stream of this.#streams()) stream.end();
  }

  #start(): void {
    const { events } = this.#manager;
    events.on("changed", this.#onChanged);
    for (const name of NEW_TOKEN_EVENTS) events.on(name, this.#onNewToken);
    events.on("revoked", this.#onRevoked);
    this.#heartbeatSentAt = this.#clock.now();
    this.#scheduleCheck();
  }

  #remove(subscription: Subscription<Data>, stream: EventStream<Data>): void {
    subscription.streams.delete(stream);
    if (subscription.streams.size > 0) return;
    this.#subscriptions.delete(stream.id);
    if (this.#subscriptions.size > 0) return;
    const { events } = this.#manager;
    events.off("changed", this.#onChanged);
    for (const name of NEW_TOKEN_EVENTS) events.off(name, this.#onNewToken);
    events.off("revoked", this.#onRevoked);
    this.#cancelTimer?.();
  }

  #scheduleCheck(): void {
    this.#cancelTimer = this.#schedule(this.#checkInterval, () => this.#checkAll());
  }

  #checkAll(): void {
    this.#scheduleCheck();
    const now = this.#clock.now();
    const isHeartbeatDue = now - this.#heartbeatSentAt >= HEARTBEAT_INTERVAL;
    if (isHeartbeatDue) this.#heartbeatSentAt = now;
    for (const stream of this.#streams()) {
      if (isHeartbeatDue) stream.heartbeat();
      void stream.check(this.#clock, this.#checkInterval, this.#warnBefore);
    }
  }

  #streams(): EventStream<Data>[] {
    return [...this.#subscriptions.values()].flatMap(({ streams }) => [...streams]);
  }

  readonly #onChanged = ({ record }: SessionEvents["changed"][0]): void => {
    const subscription = this.#subscriptions.get(record.id);
    if (subscription === undefined) return;
    subscription.record = record;
    const now = this.#clock.now();
    for (const stream of subscription.streams) stream.changed(record.version, now, this.#checkInterval);
  };

  /** The token that opened the streams is replaced: the tabs reconnect with the new one. */
  readonly #onNewToken = ({ record }: { readonly record: SessionRecord }): void => {
    for (const stream of [...(this.#subscriptions.get(record.id)?.streams ?? [])]) stream.finish("changed");
  };

  readonly #onRevoked = ({ scope }: SessionEvents["revoked"][0]): void => {
    for (const { record, streams } of this.#candidates(scope)) {
      if (isInScope(scope, record)) for (const stream of [...streams]) stream.finish("revoked");
    }
  };

  #candidates(scope: RevocationScope): readonly Subscription<Data>[] {
    if (!("session" in scope)) return [...this.#subscriptions.values()];
    const subscription = this.#subscriptions.get(scope.session);
    return subscription ? [subscription] : [];
  }
}

/** The events after which a session has a new token. */
const NEW_TOKEN_EVENTS = ["authenticated", "elevated", "rotated"] as const;

function isInScope(scope: RevocationScope, record: SessionRecord): boolean {
  if ("session" in scope) return scope.session === record.id;
  if ("subject" in scope) return scope.subject === record.subject && scope.except !== record.id;
  if ("tenant" in scope) return scope.tenant === record.tenant;
  return true;
}
