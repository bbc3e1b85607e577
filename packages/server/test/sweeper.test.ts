import { SessionManager } from "coatcheck";
import { memoryStore } from "coatcheck/store/memory";
import { fakeClock } from "coatcheck/testing";
import { pino } from "pino";
import { expect, test } from "vitest";
import { Sweeper, type SweepOptions } from "../src/sweeper.ts";

const DAY = 24 * 60 * 60 * 1000;

function sweeperOn(store = memoryStore(), options: SweepOptions = {}) {
  const clock = fakeClock();
  const manager = new SessionManager({ store, clock, secrets: ["a secret for these tests"] });
  const timers = new Set<() => void>();
  const logged: { level: number; deleted?: number; msg: string }[] = [];
  let onLog = () => {};
  const log = pino(
    {},
    {
      write(line: string) {
        logged.push(JSON.parse(line));
        onLog();
      },
    },
  );
  const delays: number[] = [];
  const schedule = (delay: number, task: () => void) => {
    delays.push(delay);
    timers.add(task);
    return () => timers.delete(task);
  };
  const sweeper = new Sweeper(manager, schedule, log, options);
  return {
    clock,
    manager,
    timers,
    delays,
    logged,
    sweeper,
    /** Runs the scheduled tasks. Resolves when the sweep has been logged. */
    async fire() {
      const isLogged = new Promise<void>((resolve) => {
        onLog = resolve;
      });
      const due = [...timers];
      timers.clear();
      for (const task of due) task();
      await isLogged;
    },
  };
}

test("a sweep deletes all sessions that ended more than a day ago, in batches", async () => {
  const { clock, manager, fire, sweeper, logged } = sweeperOn();
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

test("the sweeper continues after a failure and ends after stop()", async () => {
  const store = memoryStore();
  const { manager, fire, sweeper, logged, timers } = sweeperOn(store);
  sweeper.start();
  await manager.close();
  await fire();
  expect(logged).toMatchObject([{ level: 50, msg: "sweep failed; will retry" }]);
  await Promise.resolve();
  expect(timers.size).toBe(1);
  await sweeper.stop();
  expect(timers.size).toBe(0);
});

test("the sweeper takes its interval and retention from its options", async () => {
  const options = { sweepInterval: 7000, retention: 5000 };
  const { clock, manager, fire, sweeper, logged, delays } = sweeperOn(memoryStore(), options);
  await manager.create({ absoluteTimeout: 1000 });
  sweeper.start();
  clock.pass(6000);
  await fire();
  clock.pass(2);
  await fire();
  expect(logged.map(({ deleted }) => deleted)).toEqual([0, 1]);
  expect(delays[0]).toBe(7000);
  await sweeper.stop();
});
