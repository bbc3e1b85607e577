import { rmSync } from "node:fs";
import { join } from "node:path";
import { connectRedis } from "coatcheck/store/redis";
import { fakeClock } from "coatcheck/testing";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTemporaryDatabase, describeWithServer } from "../../coatcheck/test/servers/fixtures.ts";
import { type Job, Jobs } from "../src/jobs/jobs.ts";
import { PostgresJobStore } from "../src/jobs/store/postgres.ts";
import { RedisJobStore } from "../src/jobs/store/redis.ts";
import { SqliteJobStore } from "../src/jobs/store/sqlite.ts";
import type { JobRun, JobStore } from "../src/jobs/store/store.ts";
import { ADMIN_TOKEN, RunningService, temporaryFolder } from "./fixtures.ts";
import { TestClient } from "./test-client.ts";

const HOUR = 3_600_000;
const RUN: JobRun = { startedAt: 1000, duration: 5, result: { deleted: 2 }, error: null, node: "one:1" };

/** Tests a job store with two nodes. Each call of `open` opens a job store on the same database. */
function describeJobStore(name: string, open: () => Promise<JobStore>, cleanUp: () => Promise<void>): void {
  describe(name, () => {
    let first: JobStore;
    let second: JobStore;

    beforeAll(async () => {
      [first, second] = await Promise.all([open(), open()]);
    });
    afterAll(async () => {
      await Promise.all([first?.close(), second?.close()]);
      await cleanUp();
    });

    test("only the holder of a job's lease can renew the lease", async () => {
      expect(await first.acquireLease("lease", "a", HOUR)).toBe(true);
      expect(await second.acquireLease("lease", "b", HOUR)).toBe(false);
      expect(await first.acquireLease("lease", "a", HOUR)).toBe(true);
      expect(await second.acquireLease("another", "b", HOUR)).toBe(true);
      expect(await second.read("lease")).toEqual({ isRunning: true, lastRun: null });
    });

    test("only one of two concurrent callers acquires the lease", async () => {
      const acquired = await Promise.all([
        first.acquireLease("race", "a", HOUR),
        second.acquireLease("race", "b", HOUR),
      ]);
      expect(acquired.sort()).toEqual([false, true]);
    });

    test("another holder can acquire an expired lease", async () => {
      await first.acquireLease("crashed", "a", 1);
      while (!(await second.acquireLease("crashed", "b", HOUR)));
      expect(await first.acquireLease("crashed", "a", HOUR)).toBe(false);
    });

    test("recordRun() stores the run, and releases the lease only if the caller holds it", async () => {
      await first.acquireLease("late", "a", 1);
      while (!(await second.acquireLease("late", "b", HOUR)));
      await first.recordRun("late", "a", RUN);
      expect(await second.read("late")).toEqual({ isRunning: true, lastRun: RUN });
      const later = { ...RUN, startedAt: 2000 };
      await second.recordRun("late", "b", later);
      expect(await first.read("late")).toEqual({ isRunning: false, lastRun: later });
      expect(await first.acquireLease("late", "a", HOUR)).toBe(true);
    });

    test("a job runs on one node at a time, and both nodes report its last run", async () => {
      const gate = Promise.withResolvers<void>();
      const started = Promise.withResolvers<void>();
      const clock = fakeClock();
      let runs = 0;
      const job: Job = {
        name: "shared",
        description: "Counts its runs.",
        interval: HOUR,
        run: async () => {
          runs++;
          started.resolve();
          await gate.promise;
          return { runs };
        },
      };
      const timers: (() => void)[][] = [[], []];
      const nodes = [first, second].map((store, index) => {
        const schedule = (_delay: number, task: () => void) => {
          timers[index]?.push(task);
          return () => {};
        };
        const shared: JobStore = {
          acquireLease: (...lease) => store.acquireLease(...lease),
          recordRun: (...finished) => store.recordRun(...finished),
          read: (name) => store.read(name),
          close: async () => {},
        };
        return new Jobs([job], { clock, schedule, log: pino({ level: "silent" }), store: shared });
      });
      const [one, other] = nodes as [Jobs, Jobs];
      const run = one.run("shared");
      await started.promise;
      expect(await other.status()).toMatchObject([{ isRunning: true, nextRunAt: null }]);
      await expect(other.run("shared")).rejects.toMatchObject({ code: "CONFLICT" });
      gate.resolve();
      const finished = await run;
      const status = await other.status();
      expect(status).toEqual(await one.status());
      const nextRunAt = clock.now() + HOUR + (finished?.duration ?? 0);
      expect(status).toMatchObject([{ isRunning: false, lastRun: { result: { runs: 1 } }, nextRunAt }]);

      // The timer of the other node fires before the interval has passed.
      other.start();
      timers[1]?.pop()?.();
      while (timers[1]?.length === 0) await other.status();
      expect(runs).toBe(1);
      clock.pass(2 * HOUR);
      expect(await other.run("shared")).toMatchObject({ result: { runs: 2 } });
      await Promise.all(nodes.map((jobs) => jobs.stop()));
    });
  });
}

const folder = temporaryFolder();
describeJobStore(
  "SQLite",
  async () => new SqliteJobStore(join(folder, "jobs.db")),
  async () => rmSync(folder, { recursive: true }),
);

await describeWithServer("PostgreSQL", "postgres", async (url) => {
  const database = createTemporaryDatabase(url);
  describeJobStore(
    "a job store",
    async () => PostgresJobStore.open((await database).url),
    async () => (await database).drop(),
  );

  test("two nodes of the service report the same last run of a job", async () => {
    const own = await createTemporaryDatabase(url);
    const path = temporaryFolder();
    const variables = { DATABASE_URL: own.url, SESSION_SECRETS: "a-secret-that-all-nodes-share" };
    const services = [new RunningService(path, variables), new RunningService(path, variables)];
    try {
      const nodes = await Promise.all(services.map((service) => service.waitUntilStarted()));
      const [one, other] = nodes.map((node) => new TestClient(node.url, ADMIN_TOKEN)) as [
        TestClient,
        TestClient,
      ];
      const run = await one.post("/api/v1/jobs/rollup/run", {});
      expect(run.body.data).toMatchObject({ error: null, node: expect.stringMatching(/:\d+$/) });
      const { body } = await other.get("/api/v1/jobs");
      const { jobs } = body.data as unknown as { jobs: { name: string; lastRun: object | null }[] };
      expect(jobs.find(({ name }) => name === "rollup")?.lastRun).toEqual(run.body.data);
    } finally {
      await Promise.all(services.map((service) => service.end()));
      await own.drop();
      rmSync(path, { recursive: true });
    }
  });
});

await describeWithServer("Redis", "redis", (url) => {
  describeJobStore(
    "a job store",
    async () => new RedisJobStore(await connectRedis(url)),
    async () => {
      const transport = await connectRedis(url);
      const names = ["lease", "another", "race", "crashed", "late", "shared"];
      const keys = names.flatMap((name) => ["lease", "run"].map((part) => `{coatcheck}:job:${name}:${part}`));
      await transport.exec(["DEL", ...keys]);
      await transport.close();
    },
  );
});
