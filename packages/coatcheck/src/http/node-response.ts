import { type ServerResponse, STATUS_CODES } from "node:http";
import type { MaybePromise } from "../session/session.ts";
import { type ErrorAnswer, OF_THE_REPLACED } from "./error-answer.ts";
import { after } from "./maybe-promise.ts";
import type { ResponseHead } from "./message.ts";
import { type HeadFields, NodeHead } from "./node-head.ts";

/**
 * Runs before a response's headers leave; they are final but for what it changes. When it fails, the response becomes
 * what {@link HeadGuard.failed} says, and what the handler goes on to write is dropped.
 */
export interface HeadGuard {
  before(head: ResponseHead): MaybePromise<void>;
  failed(error: unknown): ErrorAnswer;
}

/**
 * Holds the headers of `response` until `guard.before` has run, whichever call would send them: `writeHead` in each
 * form, `write`, `end`, `flushHeaders`, or a stream piped in.
 *
 * When `before` answers synchronously nothing is delayed. When it answers with a promise, what is written meanwhile
 * waits in order, `write` asks for a pause, and the response says of itself what it would if nothing were held. A
 * redirect so never beats the save that it depends on. Once headers are out there is nothing to hold. Whoever holds a
 * response that is held already has its turn after the others.
 *
 * @returns whether it is held; false when headers are out.
 */
export function holdHead(response: ServerResponse, guard: HeadGuard): boolean {
  if (response.headersSent) return false;
  const held: HeldResponse = response;
  if (held[HOLD] !== undefined) {
    held[HOLD].join(guard);
    return true;
  }
  held[HOLD] = new Hold(held, guard);
  held.writeHead = writeHead;
  held.write = write;
  held.end = end;
  held.flushHeaders = flushHeaders;
  return true;
}

const HOLD = Symbol("coatcheck.hold");

interface HeldResponse extends ServerResponse {
  [HOLD]?: Hold;
}

/** `open`: nothing sent. `waiting`: for `before`. `released`: calls go through. `replaced`: an error went out instead. */
type Phase = "open" | "waiting" | "released" | "replaced";

class Hold {
  phase: Phase = "open";
  /** Whether the handler has ended the response while it was waiting. */
  ended = false;
  /** Whether a `write` was answered with false, so that somebody waits for `drain`. */
  owesDrain = false;
  #waiting: (() => void)[] | null = null;
  readonly head: NodeHead;
  readonly #response: ServerResponse;
  #guard: HeadGuard;
  readonly writeHead: ServerResponse["writeHead"];
  readonly write: ServerResponse["write"];
  readonly end: ServerResponse["end"];
  readonly flushHeaders: ServerResponse["flushHeaders"];

  constructor(response: ServerResponse, guard: HeadGuard) {
    this.head = new NodeHead(response);
    this.#response = response;
    this.#guard = guard;
    this.writeHead = response.writeHead;
    this.write = response.write;
    this.end = response.end;
    this.flushHeaders = response.flushHeaders;
  }

  /** Lets `guard` run too, when the one before it has. */
  join(guard: HeadGuard): void {
    const earlier = this.#guard;
    this.#guard = {
      before: (head) => after(earlier.before(head), () => guard.before(head)),
      failed: (error) => guard.failed(error),
    };
  }

  /** Runs the guard at the first call that would send headers. */
  open(): Phase {
    this.phase = "waiting";
    try {
      const pending = this.#guard.before(this.head);
      if (pending === undefined) this.phase = "released";
      else this.#waitFor(pending);
    } catch (error) {
      this.#replace(error);
    }
    return this.phase;
  }

  /** Makes a call later, in its turn. */
  later(call: () => void): void {
    this.#waiting ??= [];
    this.#waiting.push(call);
  }

  #waitFor(pending: Promise<void>): void {
    Object.defineProperties(this.#response, {
      headersSent: { get: () => true, configurable: true },
      writableEnded: { get: () => this.ended, configurable: true },
      // What wraps a response may look for the bytes of the head, and ask for it again while it waits.
      _implicitHeader: { value: () => {}, configurable: true },
    });
    pending.then(
      () => this.#settle(() => this.#release()),
      (error) => this.#settle(() => this.#replace(error)),
    );
  }

  /** Nobody is left to catch what a held call throws, such as a chunk of the wrong type: the connection ends with it. */
  #settle(step: () => void): void {
    Reflect.deleteProperty(this.#response, "headersSent");
    Reflect.deleteProperty(this.#response, "writableEnded");
    Reflect.deleteProperty(this.#response, "_implicitHeader");
    try {
      step();
    } catch (error) {
      this.#guard.failed(error);
      this.#response.destroy(error instanceof Error ? error : new Error(String(error)));
    }
    if (this.owesDrain && !this.#response.writableNeedDrain) this.#response.emit("drain");
  }

  #release(): void {
    this.phase = "released";
    for (const call of this.#waiting ?? []) call();
  }

  #replace(error: unknown): void {
    const answer = this.#guard.failed(error);
    this.head.settle();
    this.phase = "released";
    becomeError(this.#response, answer);
    // From here down: what wraps the response above, such as compression, may have ended it by its own account.
    this.writeHead.call(this.#response, answer.status);
    Reflect.apply(this.end, this.#response, [answer.body]);
    this.phase = "replaced";
  }
}

function writeHead(this: HeldResponse, status: number, reason?: unknown, fields?: unknown): HeldResponse {
  const hold = holdOf(this);
  if (hold.phase === "open" && status >= 100 && status <= 999) {
    this.statusCode = Math.trunc(status);
    if (typeof reason === "string") this.statusMessage = reason;
    hold.head.stage(
      (typeof reason === "string" ? fields : (fields ?? reason)) as HeadFields | null | undefined,
    );
    const send = () => hold.writeHead.call(this, this.statusCode, hold.head.staged);
    const phase = hold.open();
    if (phase === "released") send();
    if (phase === "waiting") hold.later(send);
    return this;
  }
  if (hold.phase === "waiting") throw alreadySent();
  if (hold.phase !== "replaced") Reflect.apply(hold.writeHead, this, [status, reason, fields]);
  return this;
}

function write(this: HeldResponse, chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
  const hold = holdOf(this);
  switch (hold.phase === "open" ? hold.open() : hold.phase) {
    case "released":
      return Reflect.apply(hold.write, this, [chunk, encoding, callback]);
    case "replaced":
      callBack(encoding, callback);
      return true;
    default:
      hold.later(() => Reflect.apply(hold.write, this, [chunk, encoding, callback]));
      // What wraps the response below may keep for itself whoever listens for `drain`, as compression does.
      hold.owesDrain = hold.write === Object.getPrototypeOf(this).write;
      return !hold.owesDrain;
  }
}

function end(this: HeldResponse, chunk?: unknown, encoding?: unknown, callback?: unknown): HeldResponse {
  const hold = holdOf(this);
  switch (hold.phase === "open" ? hold.open() : hold.phase) {
    case "released":
      Reflect.apply(hold.end, this, [chunk, encoding, callback]);
      break;
    case "replaced":
      callBack(chunk, encoding, callback);
      break;
    default:
      hold.later(() => Reflect.apply(hold.end, this, [chunk, encoding, callback]));
      hold.ended = true;
  }
  return this;
}

function flushHeaders(this: HeldResponse): void {
  const hold = holdOf(this);
  // As Node does: what wraps the response above must hear of its head before what is written next.
  if (hold.phase === "open") this.writeHead(this.statusCode);
  if (hold.phase === "released") hold.flushHeaders.call(this);
  if (hold.phase === "waiting") hold.later(() => hold.flushHeaders.call(this));
}

function holdOf(response: HeldResponse): Hold {
  const hold = response[HOLD];
  if (hold === undefined) throw new TypeError("This response is not held.");
  return hold;
}

/** Only what Node itself would say; the handler made the same mistake. */
function alreadySent(): Error {
  return Object.assign(new Error("Cannot write headers after they are sent to the client"), {
    code: "ERR_HTTP_HEADERS_SENT",
  });
}

function callBack(...args: readonly unknown[]): void {
  for (const argument of args) if (typeof argument === "function") process.nextTick(() => argument());
}

/** Answers with an error. When headers are out already, all that is left is to cut the connection. */
export function sendError(response: ServerResponse, answer: ErrorAnswer): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  becomeError(response, answer);
  response.end(answer.body);
}

/** Makes the head of an unsent response that of an error. */
function becomeError(response: ServerResponse, answer: ErrorAnswer): void {
  for (const name of OF_THE_REPLACED) response.removeHeader(name);
  response.statusCode = answer.status;
  response.statusMessage = STATUS_CODES[answer.status] ?? "";
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  response.setHeader("content-length", Buffer.byteLength(answer.body));
}
