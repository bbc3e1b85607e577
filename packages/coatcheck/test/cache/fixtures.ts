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
  wall = Date.UTC(2026, 0, 1);
  elapsed = 0;
  readonly #timers = new Set<Timer>();

  readonly clock = { now: () => this.wall };
  readonly monotonic = (): number => this.elapsed;
  readonly schedule: Schedule = (delay, task) => {
    const timer = { at: this.elapsed + delay, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** Advances the time and fires each timer when it is due. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.elapsed + milliseconds;
    await untilIdle();
    for (let next = this.#nextDue(end); next; next = this.#nextDue(end)) {
      this.#timers.delete(next);
      this.advanceWithoutTimers(Math.max(0, next.at - this.elapsed));
      next.task();
      await untilIdle();
    }
    this.advanceWithoutTimers(Math.max(0, end - this.elapsed));
  }

  /** Advances the time without firing timers, as if the process had been paused. */
  advanceWithoutTimers(milliseconds: number): void {
    this.elapsed += milliseconds;
    this.wall += milliseconds;
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
  /** A complete store, for `createCache`. */
  readonly asStore: SessionStore;
  /** `hung`: calls never settle. `down`: calls reject. */
  state: "up" | "hung" | "down" = "up";
  gets = 0;
  polls = 0;
  #released = Promise.resolve();

  constructor(store: SessionStore) {
    this.store = store;
    this.asStore = { ...store, get: (id) => this.get(id), changes: (cursor) => this.changes(cursor) };
  }

  async get(id: string) {
    this.gets++;
    await this.#failIfAway();
    const snapshot = await this.store.get(id);
    await this.#released;
    return snapshot;
  }

  /** Delays the results of `get` until the returned function is called. */
  slowDown(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#released = promise;
    return () => {
      this.#released = Promise.resolve();
      resolve();
    };
  }

  async changes(cursor: number | null) {
    this.polls++;
    await this.#failIfAway();
    return await this.store.changes(cursor);
  }

  async #failIfAway(): Promise<void> {
    if (this.state === "down") throw new Error("The database is down.");
    if (this.state === "hung") await new Promise(() => {});
  }
}

/** Processes with one store and one fake time. */
export class Cluster {
  readonly time = new FakeTime();
  readonly store = memoryStore({ clock: this.time.clock });

  /** Starts a process: a cache, and its own connection to the store. */
  async node(
    options: Partial<CacheOptions> = {},
  ): Promise<{ cache: SessionCache; faultyStore: FaultyStore }> {
    const faultyStore = new FaultyStore(this.store);
    const { clock, monotonic, schedule } = this.time;
    const cache = createCache({ store: faultyStore.asStore, clock, monotonic, schedule, ...options });
    await untilIdle();
    return { cache, faultyStore };
  }

  /** Stores a session without notifying any cache. */
  async session(fields: Partial<SessionRecord> = {}): Promise<SessionRecord> {
    const record = recordAt(this.time.wall, fields);
    await this.store.put(record, { expectedVersion: record.version - 1, change: "data" });
    return record;
  }

  /** Stores the next version of a session without notifying any cache. */
  async write(record: SessionRecord, fields: Partial<SessionRecord> = {}): Promise<SessionRecord> {
    const next = nextVersion(record, fields);
    await this.store.put(next, { expectedVersion: record.version, change: "data" });
    return next;
  }
}

/** Creates a live session record of subject `ada`, created at `now`, in epoch milliseconds. */
export function recordAt(now: number, fields: Partial<SessionRecord> = {}): SessionRecord {
  return makeRecord({ subject: "ada", tenant: "acme", createdAt: now, ...fields });
}

/** A shared tier in memory that can be made to hang or fail. */
export class SharedInMemory implements SharedTier {
  readonly copies = new Map<string, Snapshot | "tombstone">();
  readonly #listeners = new Set<(hint: Hint) => void>();
  state: "up" | "hung" | "down" = "up";
  gets = 0;

  async get(key: string): Promise<Snapshot | null> {
    this.gets++;
    await this.#failIfAway();
    const copy = this.copies.get(key);
    return copy === undefined || copy === "tombstone" ? null : copy;
  }

  async fill(key: string, snapshot: Snapshot): Promise<boolean> {
    await this.#failIfAway();
    const copy = this.copies.get(key);
    if (copy === "tombstone" || (copy && copy.record.version > snapshot.record.version)) return false;
    this.copies.set(key, snapshot);
    return true;
  }

  async tombstone(key: string): Promise<void> {
    await this.#failIfAway();
    this.copies.set(key, "tombstone");
  }

  async publish(hint: Hint): Promise<void> {
    await this.#failIfAway();
    for (const listener of this.#listeners) listener(hint);
  }

  async subscribe(listener: (hint: Hint) => void): Promise<() => Promise<void>> {
    await this.#failIfAway();
    this.#listeners.add(listener);
    return async () => {
      this.#listeners.delete(listener);
    };
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }

  async #failIfAway(): Promise<void> {
    if (this.state === "down") throw new Error("The shared tier is down.");
    if (this.state === "hung") await new Promise(() => {});
  }
}
