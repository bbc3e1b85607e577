import { type CacheOptions, createCache, type SessionCache } from "../../src/cache/index.ts";
import type { SharedTier } from "../../src/cache/shared/tier.ts";
import type { Schedule } from "../../src/session/clock.ts";
import type { Hint } from "../../src/session/hint.ts";
import type { SessionRecord } from "../../src/session/record.ts";
import type { SessionStore, Snapshot } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { makeRecord, nextVersion } from "../../src/testing/records.ts";

interface Timer {
  readonly at: number;
  readonly task: () => void;
}

/** Wall clock, monotonic clock and timers that only the test advances. */
export class FakeTime {
  wallTime = Date.UTC(2026, 0, 1);
  elapsedTime = 0;
  readonly #timers = new Set<Timer>();

  readonly clock = { now: () => this.wallTime };
  readonly monotonic = (): number => this.elapsedTime;
  readonly schedule: Schedule = (delay, task) => {
    const timer = { at: this.elapsedTime + delay, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** Advances the time and fires each timer when it is due. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.elapsedTime + milliseconds;
    await untilIdle();
    for (let next = this.#nextDue(end); next; next = this.#nextDue(end)) {
      this.#timers.delete(next);
      this.advanceWithoutTimers(Math.max(0, next.at - this.elapsedTime));
      next.task();
      await untilIdle();
    }
    this.advanceWithoutTimers(Math.max(0, end - this.elapsedTime));
  }

  /** Advances the time without firing timers, as if the process had been paused. */
  advanceWithoutTimers(milliseconds: number): void {
    this.elapsedTime += milliseconds;
    this.wallTime += milliseconds;
  }

  #nextDue(end: number): Timer | undefined {
    const due = [...this.#timers].filter(({ at }) => at <= end);
    return due.sort((left, right) => left.at - right.at)[0];
  }
}

/** Waits until all pending work is done, except work that waits for a timer. */
export async function untilIdle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** A store that counts calls, and can be made to hang or fail. */
export class FaultyStore implements Pick<SessionStore, "get" | "changes"> {
  readonly store: SessionStore;
  /** This store with all methods of `SessionStore`, as `createCache` requires. */
  readonly completeStore: SessionStore;
  /** `hung`: calls never settle. `down`: calls reject. */
  state: "up" | "hung" | "down" = "up";
  gets = 0;
  polls = 0;
  #released = Promise.resolve();

  constructor(store: SessionStore) {
    this.store = store;
    this.completeStore = { ...store, get: (id) => this.get(id), changes: (cursor) => this.changes(cursor) };
  }

  async get(id: string) {
    this.gets++;
    await this.#waitOrFail();
    const snapshot = await this.store.get(id);
    await this.#released;
    return snapshot;
  }

  /** Holds back the results of `get` until the returned function is called. */
  holdReads(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#released = promise;
    return () => {
      this.#released = Promise.resolve();
      resolve();
    };
  }

  async changes(cursor: number | null) {
    this.polls++;
    await this.#waitOrFail();
    return await this.store.changes(cursor);
  }

  async #waitOrFail(): Promise<void> {
    if (this.state === "down") throw new Error("The database is down.");
    if (this.state === "hung") await new Promise(() => {});
  }
}

/** Processes with one store and one fake time. */
export class Cluster {
  readonly time = new FakeTime();
  readonly store = memoryStore({ clock: this.time.clock });

  /** Starts a process, which has a cache and its own connection to the store. */
  async startNode(
    options: Partial<CacheOptions> = {},
  ): Promise<{ cache: SessionCache; faultyStore: FaultyStore }> {
    const faultyStore = new FaultyStore(this.store);
    const { clock, monotonic, schedule } = this.time;
    const cache = createCache({ store: faultyStore.completeStore, clock, monotonic, schedule, ...options });
    await untilIdle();
    return { cache, faultyStore };
  }

  /** Stores a session without notifying any cache. */
  async storeSession(fields: Partial<SessionRecord> = {}): Promise<SessionRecord> {
    const record = recordCreatedAt(this.time.wallTime, fields);
    await this.store.put(record, { expectedVersion: record.version - 1, change: "data" });
    return record;
  }

  /** Stores the next version of a session without notifying any cache. */
  async storeNextVersion(record: SessionRecord, fields: Partial<SessionRecord> = {}): Promise<SessionRecord> {
    const next = nextVersion(record, fields);
    await this.store.put(next, { expectedVersion: record.version, change: "data" });
    return next;
  }
}

/** Creates an active session record of subject `ada`. `now` is its creation time in epoch milliseconds. */
export function recordCreatedAt(now: number, fields: Partial<SessionRecord> = {}): SessionRecord {
  return makeRecord({ subject: "ada", tenant: "acme", createdAt: now, ...fields });
}

/** A shared tier in memory that can be made to hang or fail. */
export class InMemorySharedTier implements SharedTier {
  readonly copies = new Map<string, Snapshot | "tombstone">();
  readonly #listeners = new Set<(hint: Hint) => void>();
  state: "up" | "hung" | "down" = "up";
  gets = 0;

  async get(key: string): Promise<Snapshot | null> {
    this.gets++;
    await this.#waitOrFail();
    const copy = this.copies.get(key);
    return copy === undefined || copy === "tombstone" ? null : copy;
  }

  async fill(key: string, snapshot: Snapshot): Promise<boolean> {
    await this.#waitOrFail();
    const copy = this.copies.get(key);
    if (copy === "tombstone" || (copy && copy.record.version > snapshot.record.version)) return false;
    this.copies.set(key, snapshot);
    return true;
  }

  async tombstone(key: string): Promise<void> {
    await this.#waitOrFail();
    this.copies.set(key, "tombstone");
  }

  async publish(hint: Hint): Promise<void> {
    await this.#waitOrFail();
    for (const listener of this.#listeners) listener(hint);
  }

  async subscribe(listener: (hint: Hint) => void): Promise<() => Promise<void>> {
    await this.#waitOrFail();
    this.#listeners.add(listener);
    return async () => {
      this.#listeners.delete(listener);
    };
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }

  async #waitOrFail(): Promise<void> {
    if (this.state === "down") throw new Error("The shared tier is down.");
    if (this.state === "hung") await new Promise(() => {});
  }
}
