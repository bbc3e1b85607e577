import type { StreamEvent } from "../../client/wire.ts";
import type { Clock } from "../../session/clock.ts";
import { endsAt } from "../../session/record.ts";
import type { Session } from "../../session/session.ts";
import type { RequestSession } from "../request-session.ts";

/** Milliseconds until a browser whose stream has ended asks again: long enough for a login's new cookie to arrive. */
const RETRY = 2000;

/** Chunks that may wait for a reader before it counts as gone. */
const MOST_UNREAD = 64;

/** One open stream: server-sent events about one session, told to one tab. */
export class EventStream<Data> {
  readonly id: string;
  readonly body: ReadableStream<Uint8Array>;
  readonly #request: RequestSession<Data>;
  readonly #ended: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  /** The newest version that the tab has been told of, or has seen before it asked. */
  #version: number;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** The end that the tab has been warned of. */
  #warnedOf = 0;
  #isChecking = false;

  /** `ended` is called once, whoever ends the stream. */
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

  /** A comment, so that proxies keep the connection and a dead one is noticed. */
  beat(): void {
    this.#send(":\n\n");
  }

  /** The session became another version, seen at `now`. Told at once, but no oftener than every `interval`. */
  changed(version: number, now: number, interval: number): void {
    if (version <= this.#version || now - this.#toldAt < interval) return;
    this.#version = version;
    this.#toldAt = now;
    this.#tell("changed");
  }

  /** The last word: what became of the session, or of the token that opened the stream. */
  finish(event: StreamEvent): void {
    this.#tell(event);
    this.end();
  }

  /** Ends without a word; the browser asks again. */
  end(): void {
    this.#close((controller) => controller.close());
  }

  /** Asks the caches anew with the token that opened the stream. Counts as no activity; never rejects. */
  async check(clock: Clock, interval: number, warnBefore: number): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    try {
      const session = await this.#request.reopen().load({ activity: "none", outage: "closed" });
      this.#learn(session, clock.now(), interval, warnBefore);
    } catch {
      // The store does not answer: that says nothing about the session.
    } finally {
      this.#isChecking = false;
    }
  }

  #learn({ record, refusal, lastSeenAt }: Session<Data>, now: number, interval: number, warnBefore: number) {
    if (record === null) {
      // With a superseded token there is nothing more to learn: the browser comes back with its newer one.
      this.finish(refusal === "superseded" || refusal === "expired" ? "changed" : "revoked");
      return;
    }
    this.changed(record.version, now, interval);
    const end = endsAt({ ...record, lastSeenAt: lastSeenAt ?? record.lastSeenAt });
    if (end - now > warnBefore || end === this.#warnedOf) return;
    this.#warnedOf = end;
    this.#tell("expiring");
  }

  #tell(event: StreamEvent): void {
    this.#send(`event: ${event}\ndata: ${JSON.stringify({ id: this.id })}\n\n`);
  }

  #send(text: string): void {
    this.#controller?.enqueue(encoder.encode(text));
    if ((this.#controller?.desiredSize ?? 0) < -MOST_UNREAD) this.end();
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
 * The stream of a token that a change of privilege has replaced: it ends at once and the browser comes back with its
 * newer one. An error status would not do, EventSource gives up at any.
 */
export function comeBack(): string {
  return `retry: ${RETRY}\n\n`;
}
