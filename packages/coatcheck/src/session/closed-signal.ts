import type { Mutex } from "./mutex.ts";
import type { SessionRecord } from "./record.ts";
import { refusalError } from "./token-errors.ts";
import type { Watch, WatchEnd } from "./watch.ts";
import type { SessionWatcher } from "./watcher.ts";

/** Stops the watches of signals that the application no longer uses. */
const droppedSignals = new FinalizationRegistry<Watch>((watch) => watch.stop());

/**
 * The signal behind `Session.closed`.
 *
 * The watcher must not keep it alive: an application may ask for one in each request, and a session lives for days. So the
 * application gets a signal that depends on the watched one. The runtime keeps a dependent signal exactly as long as it is
 * referenced or has a listener (DOM standard §3.2); after that the watch stops.
 */
export class ClosedSignal {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #watcher: SessionWatcher;
  readonly #writes: Mutex;
  #watch: Watch | null = null;

  /** @param writes the handle's writes. Not the handle itself, which keeps the signal alive. */
  constructor(watcher: SessionWatcher, writes: Mutex) {
    this.#watcher = watcher;
    this.#writes = writes;
    this.signal = AbortSignal.any([this.#controller.signal]);
  }

  /** Watches the handle's session as soon as it is stored. Later accepts the token that the handle has issued. */
  follow(record: SessionRecord): void {
    if (this.#watch) {
      this.#watch.follow(record);
      return;
    }
    this.#watch = this.#watcher.watch(record, abortWith(this.#controller), isWriting(this.#writes));
    droppedSignals.register(this.signal, this.#watch);
  }

  /** Aborts the signal: the handle itself has revoked the session. */
  abort(): void {
    this.#watch?.stop();
    this.#controller.abort(refusalError("revoked"));
  }
}

// Functions of their own, so that what they return references neither the ClosedSignal nor its signal.
function abortWith(controller: AbortController) {
  return { ended: (reason: WatchEnd) => controller.abort(refusalError(reason)) };
}

function isWriting(writes: Mutex): () => boolean {
  return () => writes.pending !== null;
}
