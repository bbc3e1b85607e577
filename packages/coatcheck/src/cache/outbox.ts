import type { Snapshot } from "../session/store.ts";
import type { Guard } from "./guard.ts";
import type { SharedTier } from "./shared.ts";

/** Maximum number of writes that wait for a retry. Above it the oldest are dropped. */
const MAX_PENDING = 10_000;

/**
 * Writes this process's reads, writes and revocations to the shared tier. Callers never wait for it: the shared tier is an
 * optimization, and the log keeps the caches correct. Only a failed *write* is retried: the log does not contain changes
 * of data, so without the retry the shared tier could go on serving the older copy.
 */
export class Outbox {
  readonly #shared: SharedTier;
  readonly #guard: Guard;
  readonly #pending = new Map<string, Snapshot>();
  #isRetrying = false;

  constructor(shared: SharedTier, guard: Guard) {
    this.#shared = shared;
    this.#guard = guard;
  }

  /** Stores a copy that was read. A failure is ignored, because the next reader stores it again. */
  offer(key: string, snapshot: Snapshot): void {
    this.#send(() => this.#shared.fill(key, snapshot));
  }

  /** Stores a copy that was written. A failure is retried by {@link retry}. */
  replace(key: string, snapshot: Snapshot): void {
    this.#guard
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
        await this.#guard.run(() => this.#shared.fill(key, snapshot));
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
    if (this.#pending.size <= MAX_PENDING) return;
    const [oldest] = this.#pending.keys();
    if (oldest !== undefined) this.#pending.delete(oldest);
  }

  #send(call: () => Promise<unknown>): void {
    this.#guard.run(call).catch(() => {});
  }
}
