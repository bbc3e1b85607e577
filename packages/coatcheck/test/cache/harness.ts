import { type CacheOptions, createCache, type SessionCache } from "../../src/cache/index.ts";
import type { SharedTier } from "../../src/cache/shared.ts";
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

/** Time that only the test moves: wall clock, monotonic clock and timers. */
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

  /** Time passes and timers fire, each at its moment. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.elapsed + milliseconds;
    await idle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#timers.delete(next);
      this.leap(Math.max(0, next.at - this.elapsed));
      next.task();
      await idle();
    }
    this.leap(Math.max(0, end - this.elapsed));
  }

  /** Time passes for everybody but this process: it was paused, and no timer has fired yet. */
  leap(milliseconds: number): void {
    this.elapsed += milliseconds;
    this.wall += milliseconds;
  }

  #next(end: number): Timer | undefined {
    const due = [...this.#timers].filter(({ at }) => at <= end);
    return due.sort((left, right) => left.at - right.at)[0];
  }
}

/** Lets everything happen that waits for no timer. */
export async function idle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** A store that can be put out of order, and counts what it is asked. */
export class Faulty implements Pick<SessionStore, "get" | "changes"> {
  readonly store: SessionStore;
  /** `hung`: calls never settle. `down`: they reject. */
  state: "up" | "hung" | "down" = "up";
  gets = 0;
  polls = 0;
  #slowness = Promise.resolve();

  constructor(store: SessionStore) {
    this.store = store;
  }

  /** The store as the cache is given it. */
  get asStore(): SessionStore {
    return {
      ...this.store,
      get: (id) => this.get(id),
      changes: (cursor) => this.changes(cursor),
    };
  }

  async get(id: string) {
    this.gets++;
    await this.#pass();
    const answer = await this.store.get(id);
    await this.#slowness;
    return answer;
  }

  /** From now on answers of `get` are on their way until the returned function is called. */
  slowDown(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#slowness = promise;
    return () => {
      this.#slowness = Promise.resolve();
      resolve();
    };
  }

  async changes(cursor: number | null) {
    this.polls++;
    await this.#pass();
    return await this.store.changes(cursor);
  }

  async #pass(): Promise<void> {
    if (this.state === "down") throw new Error("The database is down.");
    if (this.state === "hung") await new Promise(() => {});
  }
}

/** Processes over one store, and one shared tier if asked for, at one time. */
export class Cluster {
  readonly time = new FakeTime();
  readonly store = memoryStore({ clock: this.time.clock });

  /** A process: its cache, and its own way to the store. */
  async node(options: Partial<CacheOptions> = {}): Promise<{ cache: SessionCache; way: Faulty }> {
    const way = new Faulty(this.store);
    const { clock, monotonic, schedule } = this.time;
    const cache = createCache({ store: way.asStore, clock, monotonic, schedule, ...options });
    await idle();
    return { cache, way };
  }

  /** Stores a session without any cache hearing of it. */
  async session(fields: Partial<SessionRecord> = {}): Promise<SessionRecord> {
    const record = recordAt(this.time.wall, fields);
    await this.store.put(record, { expectedVersion: record.version - 1, change: "data" });
    return record;
  }

  /** Stores its next version, without any cache hearing of it. */
  async write(record: SessionRecord, fields: Partial<SessionRecord> = {}): Promise<SessionRecord> {
    const next = nextVersion(record, fields);
    await this.store.put(next, { expectedVersion: record.version, change: "data" });
    return next;
  }
}

/** A live session of Ada's, created at `now`. */
export function recordAt(now: number, fields: Partial<SessionRecord> = {}): SessionRecord {
  return makeRecord({ subject: "ada", tenant: "acme", createdAt: now, ...fields });
}

/** A shared tier in this process, as fast as an answer can be, that can be put out of order. */
export class SharedInMemory implements SharedTier {
  readonly copies = new Map<string, Snapshot | "tombstone">();
  readonly #listeners = new Set<(hint: Hint) => void>();
  state: "up" | "hung" | "down" = "up";
  gets = 0;

  async get(key: string): Promise<Snapshot | null> {
    this.gets++;
    await this.#pass();
    const kept = this.copies.get(key);
    return kept === undefined || kept === "tombstone" ? null : kept;
  }

  async fill(key: string, snapshot: Snapshot): Promise<boolean> {
    await this.#pass();
    const kept = this.copies.get(key);
    if (kept === "tombstone" || (kept && kept.record.version > snapshot.record.version)) return false;
    this.copies.set(key, snapshot);
    return true;
  }

  async tombstone(key: string): Promise<void> {
    await this.#pass();
    this.copies.set(key, "tombstone");
  }

  async publish(hint: Hint): Promise<void> {
    await this.#pass();
    for (const listener of this.#listeners) listener(hint);
  }

  async subscribe(listener: (hint: Hint) => void): Promise<() => Promise<void>> {
    await this.#pass();
    this.#listeners.add(listener);
    return async () => {
      this.#listeners.delete(listener);
    };
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }

  async #pass(): Promise<void> {
    if (this.state === "down") throw new Error("The shared tier is down.");
    if (this.state === "hung") await new Promise(() => {});
  }
}
