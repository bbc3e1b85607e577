import { SessionManager } from "coatcheck";
import { memoryStore } from "coatcheck/store/memory";
import { fakeClock } from "coatcheck/testing";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { type Job, Jobs } from "../src/jobs/jobs.ts";
import { type SweepOptions, sweepJob } from "../src/jobs/sweep.ts";
import { ADMIN_TOKEN } from "./fixtures.ts";
import { useService } from "./local-service.ts";
import { TestClient } from "./test-client.ts";

const DAY = 24 * 60 * 60 * 1000;

/** Creates jobs with a log and with timers that a test fires. */
function jobsOf(list: readonly Job[], clock = fakeClock()) {
  const timers = new Set<() => void>();
  const delays: number[] = [];
  const logged: { level: number; msg: string; deleted?: number }[] = [];
  const schedule = (delay: number, task: () => void) => {
    delays.push(delay);
    timers.add(task);
    return () => timers.delete(task);
  };
  const log = pino({}, { write: (line: string) => logged.push(JSON.parse(line)) });
  const jobs = new Jobs(list, { clock, schedule, log });
  /** Fires all timers. Resolves when the job `name` has finished. */
  async function fire(name: string) {
    const due = [...timers];
    timers.clear();
    for (const task of due) task();
    return await jobs.run(name);
  }
  return { jobs, timers, delays, logged, fire };
}

function sweepOn(options: SweepOptions = {}) {
  const clock = fakeClock();
  const store = memoryStore();
  const manager = new SessionManager({ store, clock, secrets: ["a secret for these tests"] });
  return { clock, manager, ...jobsOf([sweepJob(manager, options)], clock) };
}

describe("the sweep", () => {
  test("deletes all sessions that ended more than a day ago, in slices", async () => {
    const { clock, manager, fire, jobs, logged } = sweepOn();
    for (let count = 0; count < 1500; count++) await manager.create({ absoluteTimeout: 1000 });
    const { record } = await manager.create({ idleTimeout: 10 * DAY });
    jobs.start();
    clock.pass(DAY);
    await fire("sweep");
    expect((await manager.stats()).total).toBe(1501);
    clock.pass(2000);
    await fire("sweep");
    expect(logged.map(({ deleted }) => deleted)).toEqual([0, 1500]);
    expect((await manager.list({}, { limit: 10 })).records).toMatchObject([{ id: record.id }]);
  });

  test("uses the interval and the retention of its options", async () => {
    const { clock, manager, fire, jobs, logged, delays } = sweepOn({ sweepInterval: 7000, retention: 5000 });
    await manager.create({ absoluteTimeout: 1000 });
    jobs.start();
    clock.pass(6000);
    await fire("sweep");
    clock.pass(2);
    await fire("sweep");
    expect(logged.map(({ deleted }) => deleted)).toEqual([0, 1]);
    expect(delays.filter((delay) => delay === 7000).length).toBeGreaterThan(1);
  });

  test("deletes no sessions while the option `beforeSweep` fails", async () => {
    const beforeSweep = () => Promise.reject(new Error("the disk is full"));
    const { clock, manager, jobs } = sweepOn({ retention: 0, beforeSweep });
    await manager.create({ absoluteTimeout: 1000 });
    clock.pass(DAY);
    expect(await jobs.run("sweep")).toMatchObject({ result: null, error: "the disk is full" });
    expect((await manager.stats()).total).toBe(1);
  });
});

describe("a job", () => {
  const failing: Job = {
    name: "fail",
    description: "Fails.",
    interval: 1000,
    run: () => Promise.reject(new Error("no disk")),
  };

  test("is scheduled again after a failure, but not after stop()", async () => {
    const { jobs, fire, timers, logged } = jobsOf([failing]);
    jobs.start();
    await fire("fail");
    expect(logged.at(-1)).toMatchObject({ level: 50, msg: "fail failed; will retry" });
    expect(timers.size).toBe(1);
    await jobs.stop();
    expect(timers.size).toBe(0);
  });

  test("reports its last run and the time of its next run", async () => {
    const { jobs } = jobsOf([failing]);
    jobs.start();
    const { now } = fakeClock();
    expect(await jobs.status()).toMatchObject([
      { name: "fail", isRunning: false, lastRun: null, nextRunAt: now() + 1000 },
    ]);
    await jobs.run("fail");
    expect(await jobs.status()).toMatchObject([
      { lastRun: { startedAt: now(), result: null, error: "no disk", node: jobs.node } },
    ]);
  });

  test("never runs twice at the same time", async () => {
    let runs = 0;
    const gate = Promise.withResolvers<void>();
    const slow: Job = {
      ...failing,
      name: "slow",
      run: async () => {
        runs++;
        await gate.promise;
        return {};
      },
    };
    const { jobs } = jobsOf([slow]);
    const both = Promise.all([jobs.run("slow"), jobs.run("slow")]);
    expect(await jobs.status()).toMatchObject([{ isRunning: true, nextRunAt: null }]);
    gate.resolve();
    await both;
    expect(runs).toBe(1);
  });

  test("stops after its current step when the service stops", async () => {
    const gate = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const stepping: Job = {
      ...failing,
      name: "step",
      run: async (signal) => {
        let steps = 0;
        while (!signal.aborted) {
          steps++;
          started.resolve();
          await gate.promise;
        }
        return { steps };
      },
    };
    const { jobs } = jobsOf([stepping]);
    const run = jobs.run("step");
    await started.promise;
    const stopped = jobs.stop();
    gate.resolve();
    await stopped;
    expect(await run).toMatchObject({ result: { steps: 1 } });
  });
});

describe("the job routes", () => {
  const service = useService();

  test("list and run the jobs for the admin", async () => {
    const admin = new TestClient(service().url, ADMIN_TOKEN);
    const { body } = await admin.get("/api/v1/jobs");
    const { jobs } = body.data as unknown as { jobs: { name: string }[] };
    expect(jobs.map(({ name }) => name)).toEqual(["sweep", "rollup", "rollup-repair", "retention"]);
    const run = await admin.post("/api/v1/jobs/rollup-repair/run", {});
    expect(run.body.data).toMatchObject({ result: { marked: 0, days: 0 }, error: null });
    const counted = await admin.post("/api/v1/jobs/retention/run?dryRun=true", {});
    expect(counted.body.data).toMatchObject({ result: { events: 0, visitors: 0 }, error: null });
    expect((await admin.post("/api/v1/jobs/sweep/run?dryRun=true", {})).status).toBe(404);
    expect((await admin.post("/api/v1/jobs/unknown/run", {})).status).toBe(404);
  });

  test("reject all callers except the admin", async () => {
    expect((await new TestClient(service().url).get("/api/v1/jobs")).status).toBe(401);
  });
});
