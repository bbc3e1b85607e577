import type { SessionRecord } from "../../session/record.ts";
import type { WatchEnd, WatchListener } from "../../session/watch.ts";
import type { StreamEvent } from "../../wire.ts";

/** Milliseconds until a browser reconnects after its stream ended: long enough for a login's new cookie to arrive. */
const RETRY = 2000;

/** Unread chunks after which the reader counts as gone. */
const MAX_UNREAD = 64;

/** The settings and functions that a stream uses. */
export interface StreamContext {
  /** The present time, epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds between two `changed` events. */
  readonly interval: number;
  /** Milliseconds before the expiry at which `expiring` is sent. */
  readonly warnBefore: number;
  /** Called once when the stream ends, whether the server or the client ends it. */
  readonly ended: () => void;
}

/** One open stream: sends the events of one session to one tab. */
export class EventStream implements WatchListener {
  readonly id: string;
  readonly body: ReadableStream<Uint8Array>;
  readonly #context: StreamContext;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  /** The newest session version that the tab knows, from an event or from before the stream opened. */
  #version: number;
  #changedSentAt = Number.NEGATIVE_INFINITY;
  /** The expiry that the last `expiring` event announced. */
  #announcedExpiry = 0;

  constructor({ id, version }: Pick<SessionRecord, "id" | "version">, context: StreamContext) {
    this.id = id;
    this.#version = version;
    this.#context = context;
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

  /** Sends `changed` for a new version, and `expiring` before the expiry. A later check reports a change that this skips. */
  onRecord({ version }: Pick<SessionRecord, "version">, endsAt: number | undefined): void {
    const { interval, warnBefore } = this.#context;
    const now = this.#context.now();
    if (version > this.#version && now - this.#changedSentAt >= interval) {
      this.#version = version;
      this.#changedSentAt = now;
      this.#sendEvent("changed");
    }
    if (endsAt === undefined || endsAt - now > warnBefore || endsAt === this.#announcedExpiry) return;
    this.#announcedExpiry = endsAt;
    this.#sendEvent("expiring");
  }

  /** Sends a last event and ends the stream. */
  onEnd(reason: WatchEnd): void {
    // After `changed` the browser reconnects with its newer token, or learns that the session has expired.
    this.#sendEvent(reason === "revoked" ? "revoked" : "changed");
    this.end();
  }

  /** Ends the stream without an event. The browser reconnects. */
  end(): void {
    this.#close((controller) => controller.close());
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
    this.#context.ended();
  }
}

const encoder = new TextEncoder();

/**
 * The body of a stream that was opened with an older token: it ends immediately, and the browser reconnects with its
 * newer token. An error status would stop EventSource from reconnecting.
 */
export function reconnectBody(): string {
  return `retry: ${RETRY}\n\n`;
}
