import type { SessionRecord } from "../../session/record.ts";
import type { WatchEnd, WatchListener } from "../../session/watch.ts";
import type { StreamEvent } from "../../wire.ts";

/**
 * Milliseconds until a browser reconnects after its stream has ended. Long enough for the new cookie of a login to
 * arrive first.
 */
const RETRY_DELAY = 2000;

/** After this many unread chunks, the client is considered disconnected. */
const MAX_UNREAD_CHUNKS = 64;

/** Settings and functions of an {@link EventStream}. */
export interface StreamContext {
  /** Returns the current time, epoch milliseconds. */
  readonly now: () => number;
  /** The minimum time between two `changed` events, in milliseconds. */
  readonly interval: number;
  /** How long before the session's expiry the event `expiring` is sent, in milliseconds. */
  readonly warnBefore: number;
  /** Called once when the stream ends, whether the server or the client ends it. */
  readonly onEnded: () => void;
}

/** Sends the events of one session to one browser tab. */
export class EventStream implements WatchListener {
  readonly id: string;
  readonly body: ReadableStream<Uint8Array>;
  readonly #context: StreamContext;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  /** The newest session version that the tab knows, from an event or from its page. */
  #version: number;
  #changedSentAt = Number.NEGATIVE_INFINITY;
  /** The expiry time in the last `expiring` event. */
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
    this.#send(`retry: ${RETRY_DELAY}\n\n`);
  }

  /** Sends a comment, so that proxies keep the connection open and the server notices a broken connection. */
  sendHeartbeat(): void {
    this.#send(":\n\n");
  }

  /**
   * Sends `changed` for a new version of the session, and `expiring` before its expiry. If the last event was sent less
   * than `interval` ago, a later check sends `changed`.
   */
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

  /** Sends a final event and ends the stream. */
  onEnd(reason: WatchEnd): void {
    // After `changed`, the browser reconnects with its newer token, or receives the error that the session has expired.
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
    if ((this.#controller?.desiredSize ?? 0) < -MAX_UNREAD_CHUNKS) this.end();
  }

  #close(closeController: (controller: ReadableStreamDefaultController<Uint8Array>) => void): void {
    const controller = this.#controller;
    if (controller === null) return;
    this.#controller = null;
    closeController(controller);
    this.#context.onEnded();
  }
}

const encoder = new TextEncoder();

/**
 * Returns the body for a request with an older token. The stream ends immediately, so that the browser reconnects with
 * its newer token. After an error status, EventSource would not reconnect.
 */
export function reconnectBody(): string {
  return `retry: ${RETRY_DELAY}\n\n`;
}
