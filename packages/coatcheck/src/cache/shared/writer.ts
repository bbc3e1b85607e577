import type { Snapshot } from "../../session/store.ts";
import type { CircuitBreaker } from "../circuit-breaker.ts";
import type { SharedTier } from "./tier.ts";

/** Maximum number of writes that wait for a retry. Above it the oldest are dropped. */
const MAX_WAITING_WRITES = 10_000;

/**
 * Sends the copies that this process read or wrote, and the tombstones of revoked sessions, to the shared tier. Callers
 * never wait for it: the shared tier is an optimization, and the log keeps the caches correct. Only a failed *write* is
 * retried: the log does not contain changes of data, so without the retry the shared tier could continue to serve the
 * older copy.
 */
export class SharedWriter {
  readonly #shared: SharedTier;
  readonly #breaker: CircuitBreaker;
  readonly #pending = new Map<string, Snapshot>();
  #isRetrying = false;

  constructor(shared: SharedTier, breaker: CircuitBreaker) {
    this.#shared = shared;
    this.#breaker = breaker;
  }

  /** Stores a copy that was read. A failure is ignored, because the next reader stores it again. */
  fill(key: string, snapshot: Snapshot): void {
    this.#send(() => this.#shared.fill(key, snapshot));
  }

  /** Stores a copy that was written. A failure is retried by {@link retry}. */
  write(key: string, snapshot: Snapshot): void {
    this.#breaker
      .run(() => this.#shared.fill(key, snapshot))
      .catch(() => {
        this.#retryLater(key, snapshot);
      });
  }

  /** Stores the tombstone of a revoked session. A failure is ignored, because the log rejects old copies anyway. */
  tombstone(key: string): void {
    this.#pending.delete(key);
    this.#send(() => this.#shared.tombstone(key));
  }

  /** Retries the failed writes, and stops at the first that fails again. */
  async retry(): Promise<void> {
    if (this.#isRetrying) return;
    this.#isRetrying = true;
    for (const [key, snapshot] of this.#pending) {
      this.#pending.delete(key);
      try {
        await this.#breaker.run(() => this.#shared.fill(key, snapshot));
      } catch {
        this.#retryLater(key, snapshot);
        break;
      }
    }
    this.#isRetrying = false;
  }

  #retryLater(key: string, snapshot: Snapshot): void {
    const pending = this.#pending.get(key);
    if (pending && pending.record.version > snapshot.record.version) return;
    this.#pending.set(key, snapshot);
    if (this.#pending.size <= MAX_WAITING_WRITES) return;
    const [oldest] = this.#pending.keys();
    if (oldest !== undefined) this.#pending.delete(oldest);
  }

  #send(call: () => Promise<unknown>): void {
    this.#breaker.run(call).catch(() => {});
  }
}
