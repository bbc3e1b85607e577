import { describe, expect, it } from "vitest";
import type { StoreStats } from "../../src/session/store.ts";
import { Recount } from "../../src/store/recount.ts";

/** Creates a `Recount` of a store with `total` sessions. Each count lasts until the test calls `finish` or `fail`. */
function createRecount(total: number) {
  let time = 0;
  const running: { resolve(stats: StoreStats): void; reject(error: Error): void; readonly now: number }[] =
    [];
  const recount = new Recount({
    count: (now) => new Promise((resolve, reject) => running.push({ resolve, reject, now })),
    monotonic: () => time,
  });
  return {
    running,
    read: () => recount.read(time),
    pass(milliseconds: number) {
      time += milliseconds;
    },
    finish(stats: Partial<StoreStats> = {}) {
      const count = running.shift();
      count?.resolve({
        total,
        active: 0,
        authenticated: 0,
        oldest: null,
        newest: null,
        countedAt: count.now,
        ...stats,
      });
    },
    fail: () => running.shift()?.reject(new Error("fault")),
    /** Runs the first count, which takes `duration` milliseconds. */
    async runFirstCount(duration: number) {
      const reading = recount.read(time);
      time += duration;
      this.finish();
      await reading;
    },
  };
}

describe("Recount", () => {
  it("counts at every call as long as the store has few sessions", async () => {
    const store = createRecount(1000);
    await store.runFirstCount(100);
    const reading = store.read();
    expect(store.running).toHaveLength(1);
    store.finish({ total: 999 });
    expect(await reading).toMatchObject({ total: 999, countedAt: 100 });
  });

  it("runs one count at a time; all calls during a count share the next count", async () => {
    const store = createRecount(5);
    const first = store.read();
    store.pass(10);
    const later = [store.read(), store.read()];
    expect(store.running).toHaveLength(1);
    store.finish({ total: 1 });
    expect((await first).total).toBe(1);
    await expect.poll(() => store.running.length).toBe(1);
    store.finish({ total: 2 });
    for (const stats of await Promise.all(later)) expect(stats).toMatchObject({ total: 2, countedAt: 10 });
    expect(store.running).toHaveLength(0);
  });

  it("returns the last count of a large store at once, and makes one new count for all later calls", async () => {
    const store = createRecount(1001);
    await store.runFirstCount(100);
    store.pass(899);
    expect(await store.read()).toMatchObject({ countedAt: 0 });
    expect(store.running).toHaveLength(0);
    store.pass(1);
    for (let call = 0; call < 3; call++) expect(await store.read()).toMatchObject({ countedAt: 0 });
    expect(store.running).toHaveLength(1);
    store.finish();
    await Promise.resolve();
    expect(await store.read()).toMatchObject({ countedAt: 1000 });
  });

  it("returns no count that is more than a minute old", async () => {
    const store = createRecount(20_000);
    await store.runFirstCount(10_000);
    store.pass(50_000);
    expect(await store.read()).toMatchObject({ countedAt: 0 });
    store.pass(1);
    const reading = store.read();
    store.finish();
    expect(await reading).toMatchObject({ countedAt: 60_000 });
  });

  it("reports a failed count to callers whose last count is too old, and counts again", async () => {
    const store = createRecount(20_000);
    await store.runFirstCount(1);
    store.pass(60_000);
    const reading = store.read();
    store.fail();
    await expect(reading).rejects.toThrow("fault");
    const retry = store.read();
    store.finish();
    expect(await retry).toMatchObject({ countedAt: 60_001 });
  });
});
