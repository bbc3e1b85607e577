import type { Snapshot } from "../../session/store.ts";
import type { EventQueue } from "./event-queue.ts";

type StoredCopy = Snapshot | "tombstone" | undefined;

/** A shared tier that behaves like Redis, and can lose its newest writes like a failover does. */
export class SimulatedShared {
  readonly #events: EventQueue;
  readonly #entries = new Map<string, StoredCopy>();
  readonly #undoLog: { at: number; key: string; before: StoredCopy }[] = [];

  constructor(events: EventQueue) {
    this.#events = events;
  }

  get(key: string): Snapshot | null {
    const stored = this.#entries.get(key);
    return stored === undefined || stored === "tombstone" ? null : stored;
  }

  fill(key: string, snapshot: Snapshot): void {
    const stored = this.#entries.get(key);
    // Unlike in Redis, a copy replaces a tombstone, because simulated sessions stay active when they are invalidated.
    if (stored !== undefined && stored !== "tombstone" && !isOlder(stored, snapshot)) return;
    this.#set(key, snapshot);
  }

  tombstone(key: string): void {
    this.#set(key, "tombstone");
  }

  /** Restores the state of `span` milliseconds ago. */
  loseNewestWrites(span: number): void {
    const from = this.#events.now - span;
    for (
      let last = this.#undoLog.at(-1);
      last !== undefined && last.at >= from;
      last = this.#undoLog.at(-1)
    ) {
      this.#entries.set(last.key, last.before);
      this.#undoLog.pop();
    }
  }

  #set(key: string, stored: StoredCopy): void {
    this.#undoLog.push({ at: this.#events.now, key, before: this.#entries.get(key) });
    this.#entries.set(key, stored);
  }
}

function isOlder(stored: Snapshot, { record, position }: Snapshot): boolean {
  const ahead = stored.record.version - record.version;
  return ahead < 0 || (ahead === 0 && stored.position < position);
}
