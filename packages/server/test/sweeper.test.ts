import { SessionManager } from "coatcheck";
import { memoryStore } from "coatcheck/store/memory";
import { fakeClock } from "coatcheck/testing";
import { pino } from "pino";
import { expect, test } from "vitest";
import { Sweeper } from "../src/sweeper.ts";

const DAY = 24 * 60 * 60 * 1000;

function harness(store = memoryStore()) {
  const clock = fakeClock();
  const manager = new SessionManager({ store, clock, secrets: ["a secret for these tests"] });
  const timers = new Set<() => void>();
  const logged: { level: number; deleted?: number; msg: string }[] = [];
  let told = () => {};
  const log = pino(
    {},
    {
      write(line: string) {
        logged.push(JSON.parse(line));
        told();
      },
    },
  );
  const schedule = (_delay: number, task: () => void) => {
    timers.add(task);
    return () => timers.delete(task);
  };
  const sweeper = new Sweeper(manager, schedule, log);
  return {
    clock,
    manager,
    timers,
    logged,
    sweeper,
    /** Runs what is due; resolves when the sweep has been logged. */
    async fire() {
      const isLogged = new Promise<void>((resolve) => {
        told = resolve;
      });
      const due = [...timers];
      timers.clear();
      for (const task of due) task();
      await isLogged;
    },
  };
}

test("deletes what ended longer than a day ago, in as many batches as it takes", async () => {
  const { clock, manager, fire, sweeper, logged } = harness();
  for (let count = 0; count < 1500; count++) await manager.create({ absoluteTimeout: 1000 });
  const { record } = await manager.create({ idleTimeout: 10 * DAY });
  sweeper.start();
  clock.pass(DAY);
  await fire();
  expect((await manager.stats()).total).toBe(1501);
  clock.pass(2000);
  await fire();
  expect(logged.map(({ deleted }) => deleted)).toEqual([0, 1500]);
  expect((await manager.list({}, { limit: 10 })).records).toMatchObject([{ id: record.id }]);
});

test("goes on after a failure, and not after it was stopped", async () => {
  const store = memoryStore();
  const { manager, fire, sweeper, logged, timers } = harness(store);
  sweeper.start();
  await manager.close();
  await fire();
  expect(logged).toMatchObject([{ level: 50, msg: "could not sweep; will try again" }]);
  await Promise.resolve();
  expect(timers.size).toBe(1);
  await sweeper.stop();
  expect(timers.size).toBe(0);
});
