import { SessionManager } from "coatcheck";
import { memoryStore } from "coatcheck/store/memory";
import { expect, test } from "vitest";
import { CachedStats } from "../src/cached-stats.ts";

function countingFor(duration: number) {
  let time = 0;
  let counts = 0;
  const store = memoryStore();
  const slow = {
    ...store,
    async stats(now: number) {
      counts++;
      time += duration;
      return await store.stats(now);
    },
  };
  const manager = new SessionManager({ store: slow, secrets: ["a secret for these tests"] });
  return {
    manager,
    stats: new CachedStats(manager, () => time),
    counts: () => counts,
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
  };
}

test("CachedStats reuses a count for ten times its duration", async () => {
  const { manager, stats, counts, pass } = countingFor(100);
  expect((await stats.read()).total).toBe(0);
  await manager.create();
  pass(999);
  expect((await stats.read()).total).toBe(0);
  pass(1);
  expect((await stats.read()).total).toBe(1);
  expect(counts()).toBe(2);
});

test("CachedStats shares one count between concurrent callers", async () => {
  const { stats, counts } = countingFor(100);
  await Promise.all([stats.read(), stats.read(), stats.read()]);
  expect(counts()).toBe(1);
});

test("CachedStats retries after a failed count", async () => {
  const { manager, stats, pass } = countingFor(1);
  await manager.close();
  await expect(stats.read()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  pass(10);
  await expect(stats.read()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
});
