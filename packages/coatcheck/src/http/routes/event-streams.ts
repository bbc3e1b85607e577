import type { Clock } from "../../session/clock.ts";
import { CoatcheckError } from "../../session/errors.ts";
import type { SessionManager } from "../../session/manager.ts";
import type { SessionRecord } from "../../session/record.ts";
import type { SessionWatcher } from "../../session/watcher.ts";
import { EventStream } from "./event-stream.ts";
import type { EventOptions } from "./options.ts";

/** Milliseconds between heartbeats. Proxies close a silent connection after 30 seconds or more. */
const HEARTBEAT_INTERVAL = 15_000;

/**
 * Holds the open event streams of this process. A {@link SessionWatcher} reports changes of their sessions. It reports
 * a change by this process immediately, and a change by another node at the next check.
 */
export class EventStreams<Data> {
  readonly #watcher: SessionWatcher;
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #warnBefore: number;
  readonly #maxPerSession: number;
  /** The open streams of each session, by session id. */
  readonly #streams = new Map<string, Set<EventStream>>();
  #heartbeatSentAt = 0;

  constructor(manager: SessionManager<Data>, clock: Clock, options: EventOptions = {}) {
    this.#clock = clock;
    this.#interval = options.checkInterval ?? 1000;
    this.#warnBefore = options.warnBefore ?? 60_000;
    this.#maxPerSession = options.maxPerSession ?? 10;
    this.#watcher = manager.watcher({
      interval: this.#interval,
      onCheck: () => this.#sendHeartbeats(),
      ...(options.schedule && { schedule: options.schedule }),
    });
  }

  /**
   * Opens a stream for a session.
   *
   * @throws CoatcheckError `RATE_LIMITED` when the session has the maximum number of open streams.
   */
  open(record: SessionRecord): ReadableStream<Uint8Array> {
    const streams = this.#streams.get(record.id) ?? new Set();
    if (streams.size >= this.#maxPerSession) {
      const message = `Too many event streams: a session can have ${this.#maxPerSession} open.`;
      throw new CoatcheckError("RATE_LIMITED", message, { retryAfter: 30 });
    }
    if (this.#streams.size === 0) this.#heartbeatSentAt = this.#clock.now();
    this.#streams.set(record.id, streams);
    const stream = new EventStream(record, {
      now: () => this.#clock.now(),
      interval: this.#interval,
      warnBefore: this.#warnBefore,
      onEnded: () => {
        watch.stop();
        streams.delete(stream);
        if (streams.size === 0) this.#streams.delete(record.id);
      },
    });
    const watch = this.#watcher.watch(record, stream);
    streams.add(stream);
    return stream.body;
  }

  /** Ends all streams, so that the server can stop. The browsers then reconnect to another server. */
  close(): void {
    for (const stream of this.#openStreams()) stream.end();
  }

  #sendHeartbeats(): void {
    const now = this.#clock.now();
    if (now - this.#heartbeatSentAt < HEARTBEAT_INTERVAL) return;
    this.#heartbeatSentAt = now;
    for (const stream of this.#openStreams()) stream.sendHeartbeat();
  }

  #openStreams(): EventStream[] {
    return [...this.#streams.values()].flatMap((streams) => [...streams]);
  }
}
