import type { Clock } from "../../session/clock.ts";
import { endsAt } from "../../session/record.ts";
import type { Session } from "../../session/session.ts";
import type { StreamEvent } from "../../wire.ts";
import type { RequestSession } from "../request-session.ts";

/** Milliseconds until a browser reconnects after its stream ended: long enough for a login's new cookie to arrive. */
const RETRY = 2000;

/** Unread chunks after which the reader counts as gone. */
const MAX_UNREAD = 64;

/** One open stream: sends the events of one session to one tab. */
export class EventStream<Data> {
  readonly id: string;
  readonly body: ReadableStream<Uint8Array>;
  readonly #request: RequestSession<Data>;
  readonly #ended: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  /** The newest session version that the tab knows, from an event or from before the stream opened. */
  #version: number;
  #changedSentAt = Number.NEGATIVE_INFINITY;
  /** The expiry that the last `expiring` event announced. */
  #announcedExpiry = 0;
  #isChecking = false;

  /** @param ended called once when the stream ends, whether the server or the client ends it. */
  constructor(request: RequestSession<Data>, id: string, version: number, ended: () => void) {
    this.id = id;
    this.#request = request;
    this.#version = version;
    this.#ended = ended;
    this.body = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => this.#close(() => undefined),
    });
    this.#send(`retry: ${RETRY}\n\n`);
  }

  /** Sends a comment, so that proxies keep the connection open and the server notices a dead one. */
  heartbeat(): void {
    this.#send(":\n\n");
  }

  /**
   * Sends `changed` for a new session version, at most once per `interval` (milliseconds). {@link check} reports a change
   * that this skips.
   */
  changed(version: number, now: number, interval: number): void {
    if (version <= this.#version || now - this.#changedSentAt < interval) return;
    this.#version = version;
    this.#changedSentAt = now;
    this.#sendEvent("changed");
  }

  /** Sends a last event and ends the stream. */
  finish(event: StreamEvent): void {
    this.#sendEvent(event);
    this.end();
  }

  /** Ends the stream without an event. The browser reconnects. */
  end(): void {
    this.#close((controller) => controller.close());
  }

  /**
   * Loads the session again with the token that opened the stream, and sends what has changed. Does not count as activity.
   * Never rejects.
   *
   * @param interval milliseconds between two `changed` events.
   * @param warnBefore milliseconds before the expiry at which `expiring` is sent.
   */
  async check(clock: Clock, interval: number, warnBefore: number): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    try {
      const session = await this.#request.reopen().load({ activity: "none", outage: "closed" });
      this.#report(session, clock.now(), interval, warnBefore);
    } catch {
      // An outage of the store says nothing about the session. The next check tries again.
    } finally {
      this.#isChecking = false;
    }
  }

  #report({ record, refusal, lastSeenAt }: Session<Data>, now: number, interval: number, warnBefore: number) {
    if (record === null) {
      // After `changed` the browser reconnects with its newer token, or learns that the session has expired.
      this.finish(refusal === "superseded" || refusal === "expired" ? "changed" : "revoked");
      return;
    }
    this.changed(record.version, now, interval);
    const expiry = endsAt({ ...record, lastSeenAt: lastSeenAt ?? record.lastSeenAt });
    if (expiry - now > warnBefore || expiry === this.#announcedExpiry) return;
    this.#announcedExpiry = expiry;
    this.#sendEvent("expiring");
  }

  #sendEvent(event: StreamEvent): void {
    this.#send(`event: ${event}\ndata: ${JSON.stringify({ id: this.id })}\n\n`);
  }

  #send(text: string): void {
    this.#controller?.enqueue(encoder.encode(text));
    if ((this.#controller?.desiredSize ?? 0) < -MAX_UNREAD) this.end();
  }

  #close(how: (controller: ReadableStreamDefaultController<Uint8Array>) => void): void {
    const controller = this.#controller;
    if (controller === null) return;
    this.#controller = null;
    how(controller);
    this.#ended();
  }
}

const encoder = new TextEncoder();

/**
 * The body of a stream that was opened with an older token: it ends at once, and the browser reconnects with its newer
 * token. An error status would stop EventSource from reconnecting.
 */
export function reconnectBody(): string {
  return `retry: ${RETRY}\n\n`;
}
