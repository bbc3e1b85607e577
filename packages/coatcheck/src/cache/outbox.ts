import type { Snapshot } from "../session/store.ts";
import type { Guard } from "./guard.ts";
import type { SharedTier } from "./shared.ts";

/** Written copies that wait to be tried again; beyond that the oldest are given up. */
const MOST_OWED = 10_000;

/**
 * Keeps the shared tier's copies up with what happened here. Nobody waits for it: they make things fast, the log makes
 * them right. Only one thing is tried again, because the log says nothing of it: a copy of what was *written* here, in
 * whose place an older one may go on being handed out.
 */
export class Outbox {
  readonly #shared: SharedTier;
  readonly #guard: Guard;
  readonly #owed = new Map<string, Snapshot>();
  #isRetrying = false;

  constructor(shared: SharedTier, guard: Guard) {
    this.#shared = shared;
    this.#guard = guard;
  }

  /** A copy that was read: if it does not arrive, the next reader brings it. */
  offer(key: string, snapshot: Snapshot): void {
    this.#send(() => this.#shared.fill(key, snapshot));
  }

  /** A copy that was written. */
  replace(key: string, snapshot: Snapshot): void {
    this.#guard
      .run(() => this.#shared.fill(key, snapshot))
      .catch(() => {
        this.#owe(key, snapshot);
      });
  }

  tombstone(key: string): void {
    this.#owed.delete(key);
    this.#send(() => this.#shared.tombstone(key));
  }

  /** Tries again what is owed, until the first that fails. */
  async retry(): Promise<void> {
    if (this.#isRetrying) return;
    this.#isRetrying = true;
    for (const [key, snapshot] of this.#owed) {
      this.#owed.delete(key);
      try {
        await this.#guard.run(() => this.#shared.fill(key, snapshot));
      } catch {
        this.#owe(key, snapshot);
        break;
      }
    }
    this.#isRetrying = false;
  }

  #owe(key: string, snapshot: Snapshot): void {
    const owed = this.#owed.get(key);
    if (owed && owed.record.version > snapshot.record.version) return;
    this.#owed.set(key, snapshot);
    if (this.#owed.size <= MOST_OWED) return;
    const [oldest] = this.#owed.keys();
    if (oldest !== undefined) this.#owed.delete(oldest);
  }

  #send(call: () => Promise<unknown>): void {
    this.#guard.run(call).catch(() => {});
  }
}
