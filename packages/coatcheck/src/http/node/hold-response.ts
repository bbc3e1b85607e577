import { type ServerResponse, STATUS_CODES } from "node:http";
import type { MaybePromise } from "../../session/maybe-promise.ts";
import { andThen } from "../../session/maybe-promise.ts";
import { DROPPED_ON_ERROR, type ErrorResponse } from "../error-response.ts";
import type { ResponseHeaders } from "../message.ts";
import { type HeaderInput, NodeHeaders } from "./response-headers.ts";

/** Functions that run just before the headers of a response are sent. */
export interface HeadersHook {
  /** Runs once, after the handler has set its headers, and may change them. */
  beforeSend(headers: ResponseHeaders, status: number): MaybePromise<void>;
  /**
   * Returns the response to send when {@link beforeSend} has failed. Everything that the handler writes is discarded.
   */
  onFailure(error: unknown): ErrorResponse;
}

/**
 * Defers the headers of `response` until `hook.beforeSend` has run. Covers every call that sends headers: each form of
 * `writeHead`, `write`, `end`, `flushHeaders`, and a stream piped into the response.
 *
 * If `beforeSend` completes synchronously, nothing is delayed. If it returns a promise, the handler's calls are queued
 * in order, `write` returns false to ask for a pause, and `headersSent` and `writableEnded` have the values that they
 * would have without the delay. So a client never follows a redirect before the session is saved.
 *
 * Several hooks can be added to one response. They run in the order in which they were added.
 *
 * @returns false if the headers have been sent, so that nothing can be deferred.
 */
export function deferHeaders(response: ServerResponse, hook: HeadersHook): boolean {
  if (response.headersSent) return false;
  const deferred: DeferredResponse = response;
  if (deferred[DEFERRAL_KEY] !== undefined) {
    deferred[DEFERRAL_KEY].addHook(hook);
    return true;
  }
  deferred[DEFERRAL_KEY] = new Deferral(deferred, hook);
  deferred.writeHead = writeHead;
  deferred.write = write;
  deferred.end = end;
  deferred.flushHeaders = flushHeaders;
  return true;
}

const DEFERRAL_KEY = Symbol("coatcheck.deferral");

interface DeferredResponse extends ServerResponse {
  [DEFERRAL_KEY]?: Deferral;
}

/**
 * `open`: the handler has not tried to send the headers yet. `waiting`: `beforeSend` is running, and calls are queued.
 * `released`: calls pass through to the response. `replaced`: an error response was sent, and calls are discarded.
 */
type DeferralPhase = "open" | "waiting" | "released" | "replaced";

/** The state of one deferred response, and the response's original methods. */
class Deferral {
  phase: DeferralPhase = "open";
  /** Whether the handler ended the response during the phase `waiting`. */
  hasEnded = false;
  /** Whether a queued `write` returned false, so that its caller waits for a `drain` event. */
  owesDrain = false;
  #queuedCalls: (() => void)[] | null = null;
  readonly headers: NodeHeaders;
  readonly #response: ServerResponse;
  #hook: HeadersHook;
  readonly writeHead: ServerResponse["writeHead"];
  readonly write: ServerResponse["write"];
  readonly end: ServerResponse["end"];
  readonly flushHeaders: ServerResponse["flushHeaders"];

  constructor(response: ServerResponse, hook: HeadersHook) {
    this.headers = new NodeHeaders(response);
    this.#response = response;
    this.#hook = hook;
    this.writeHead = response.writeHead;
    this.write = response.write;
    this.end = response.end;
    this.flushHeaders = response.flushHeaders;
  }

  /** Adds a hook, which runs after the earlier hooks. */
  addHook(hook: HeadersHook): void {
    const earlier = this.#hook;
    this.#hook = {
      beforeSend: (headers, status) =>
        andThen(earlier.beforeSend(headers, status), () => hook.beforeSend(headers, status)),
      onFailure: (error) => hook.onFailure(error),
    };
  }

  /** Runs the hooks. Called by the first call that sends headers. */
  runHooks(): DeferralPhase {
    this.phase = "waiting";
    try {
      const pending = this.#hook.beforeSend(this.headers, this.#response.statusCode);
      if (pending === undefined) this.phase = "released";
      else this.#waitForHooks(pending);
    } catch (error) {
      this.#sendErrorInstead(error);
    }
    return this.phase;
  }

  /** Queues a call until the hooks have run. */
  queueCall(call: () => void): void {
    this.#queuedCalls ??= [];
    this.#queuedCalls.push(call);
  }

  #waitForHooks(pending: Promise<void>): void {
    Object.defineProperties(this.#response, {
      headersSent: { get: () => true, configurable: true },
      writableEnded: { get: () => this.hasEnded, configurable: true },
      // Does nothing. Middleware that wraps the response may call this method when Node has not built the headers yet.
      _implicitHeader: { value: () => {}, configurable: true },
    });
    pending.then(
      () => this.#endWait(() => this.#runQueuedCalls()),
      (error) => this.#endWait(() => this.#sendErrorInstead(error)),
    );
  }

  /**
   * Ends the wait. A queued call may throw, for example for a chunk of the wrong type. Its caller has already returned,
   * so the error is passed to the hook and the connection is closed.
   */
  #endWait(step: () => void): void {
    Reflect.deleteProperty(this.#response, "headersSent");
    Reflect.deleteProperty(this.#response, "writableEnded");
    Reflect.deleteProperty(this.#response, "_implicitHeader");
    try {
      step();
    } catch (error) {
      this.#hook.onFailure(error);
      this.#response.destroy(error instanceof Error ? error : new Error(String(error)));
    }
    if (this.owesDrain && !this.#response.writableNeedDrain) this.#response.emit("drain");
  }

  #runQueuedCalls(): void {
    this.phase = "released";
    for (const call of this.#queuedCalls ?? []) call();
  }

  #sendErrorInstead(error: unknown): void {
    const replacement = this.#hook.onFailure(error);
    this.headers.flush();
    this.phase = "released";
    setErrorHeaders(this.#response, replacement);
    // Call the original methods, because middleware that wrapped the response later, such as compression, may consider
    // it ended.
    this.writeHead.call(this.#response, replacement.status);
    Reflect.apply(this.end, this.#response, [replacement.body]);
    this.phase = "replaced";
  }
}

function writeHead(
  this: DeferredResponse,
  status: number,
  reason?: unknown,
  fields?: unknown,
): DeferredResponse {
  const deferral = deferralOf(this);
  if (deferral.phase === "open" && status >= 100 && status <= 999) {
    this.statusCode = Math.trunc(status);
    if (typeof reason === "string") this.statusMessage = reason;
    deferral.headers.setFields(
      (typeof reason === "string" ? fields : (fields ?? reason)) as HeaderInput | null | undefined,
    );
    const send = () => deferral.writeHead.call(this, this.statusCode, deferral.headers.fields);
    const phase = deferral.runHooks();
    if (phase === "released") send();
    if (phase === "waiting") deferral.queueCall(send);
    return this;
  }
  if (deferral.phase === "waiting") throw headersSentError();
  if (deferral.phase !== "replaced") Reflect.apply(deferral.writeHead, this, [status, reason, fields]);
  return this;
}

function write(this: DeferredResponse, chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
  const deferral = deferralOf(this);
  switch (deferral.phase === "open" ? deferral.runHooks() : deferral.phase) {
    case "released":
      return Reflect.apply(deferral.write, this, [chunk, encoding, callback]);
    case "replaced":
      runCallback(encoding, callback);
      return true;
    default:
      deferral.queueCall(() => Reflect.apply(deferral.write, this, [chunk, encoding, callback]));
      // Return false only if `write` is the original method. If earlier middleware, such as compression, has wrapped
      // the response, the `drain` event may not reach the caller, so the caller must not wait for it.
      deferral.owesDrain = deferral.write === Object.getPrototypeOf(this).write;
      return !deferral.owesDrain;
  }
}

function end(
  this: DeferredResponse,
  chunk?: unknown,
  encoding?: unknown,
  callback?: unknown,
): DeferredResponse {
  const deferral = deferralOf(this);
  switch (deferral.phase === "open" ? deferral.runHooks() : deferral.phase) {
    case "released":
      Reflect.apply(deferral.end, this, [chunk, encoding, callback]);
      break;
    case "replaced":
      runCallback(chunk, encoding, callback);
      break;
    default:
      deferral.queueCall(() => Reflect.apply(deferral.end, this, [chunk, encoding, callback]));
      deferral.hasEnded = true;
  }
  return this;
}

function flushHeaders(this: DeferredResponse): void {
  const deferral = deferralOf(this);
  // Call `writeHead` first, as Node does: middleware that wrapped the response later expects this call before the next
  // write.
  if (deferral.phase === "open") this.writeHead(this.statusCode);
  if (deferral.phase === "released") deferral.flushHeaders.call(this);
  if (deferral.phase === "waiting") deferral.queueCall(() => deferral.flushHeaders.call(this));
}

function deferralOf(response: DeferredResponse): Deferral {
  const deferral = response[DEFERRAL_KEY];
  if (deferral === undefined)
    throw new TypeError("The headers of this response are not deferred: call deferHeaders() first.");
  return deferral;
}

/** The error that Node throws when a handler calls `writeHead` twice. */
function headersSentError(): Error {
  return Object.assign(new Error("Cannot write headers after they are sent to the client"), {
    code: "ERR_HTTP_HEADERS_SENT",
  });
}

function runCallback(...args: readonly unknown[]): void {
  for (const argument of args) if (typeof argument === "function") process.nextTick(() => argument());
}

/**
 * Sends an error response. If the headers have been sent, destroys the connection, because the client must not take the
 * partial body for a complete one.
 */
export function sendError(response: ServerResponse, error: ErrorResponse): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  setErrorHeaders(response, error);
  response.end(error.body);
}

/** Replaces the status and headers of an unsent response with the status and headers of an error. */
function setErrorHeaders(response: ServerResponse, error: ErrorResponse): void {
  for (const name of DROPPED_ON_ERROR) response.removeHeader(name);
  response.statusCode = error.status;
  response.statusMessage = STATUS_CODES[error.status] ?? "";
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
  response.setHeader("content-length", Buffer.byteLength(error.body));
}
