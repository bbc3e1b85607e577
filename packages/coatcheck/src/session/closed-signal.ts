import type { Mutex } from "./mutex.ts";
import type { SessionRecord } from "./record.ts";
import { refusalError } from "./token-errors.ts";
import type { Watch, WatchEnd } from "./watch.ts";
import type { SessionWatcher } from "./watcher.ts";

/** Stops watching a session once the application no longer references the signal. */
const droppedSignals = new FinalizationRegistry<Watch>((watch) => watch.stop());

/**
 * Provides the abort signal of `Session.closed`.
 *
 * The watcher must not keep the signal in memory, because an application may read `closed` in each request, and a
 * session lives for days. The application therefore receives a dependent signal, made by `AbortSignal.any`. The runtime
 * keeps a dependent signal while it is referenced or has a listener (DOM standard §3.2). After that the watch stops.
 */
export class ClosedSignal {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #watcher: SessionWatcher;
  readonly #writes: Mutex;
  #watch: Watch | null = null;

  /**
   * @param writes the mutex of the handle's writes. A reference to the handle itself would keep the signal in memory.
   */
  constructor(watcher: SessionWatcher, writes: Mutex) {
    this.#watcher = watcher;
    this.#writes = writes;
    this.signal = AbortSignal.any([this.#controller.signal]);
  }

  /** Starts to watch the handle's session. Later calls accept a new token that the handle itself has issued. */
  follow(record: SessionRecord): void {
    if (this.#watch) {
      this.#watch.follow(record);
      return;
    }
    this.#watch = this.#watcher.watch(
      record,
      createAbortListener(this.#controller),
      createWritingCheck(this.#writes),
    );
    droppedSignals.register(this.signal, this.#watch);
  }

  /** Aborts the signal after the handle has revoked the session. */
  abort(): void {
    this.#watch?.stop();
    this.#controller.abort(refusalError("revoked"));
  }
}

// These functions are outside of the class, because closures inside it could keep the ClosedSignal and its signal in
// memory.
function createAbortListener(controller: AbortController) {
  return { onEnd: (reason: WatchEnd) => controller.abort(refusalError(reason)) };
}

function createWritingCheck(writes: Mutex): () => boolean {
  return () => writes.isBusy;
}
