import { rmSync } from "node:fs";
import { join } from "node:path";
import { connectRedis } from "coatcheck/store/redis";
import { fakeClock } from "coatcheck/testing";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTemporaryDatabase, describeWithServer } from "../../coatcheck/test/servers/fixtures.ts";
import type { JobBoard, JobRun } from "../src/jobs/board/board.ts";
import { PostgresJobBoard } from "../src/jobs/board/postgres.ts";
import { RedisJobBoard } from "../src/jobs/board/redis.ts";
import { SqliteJobBoard } from "../src/jobs/board/sqlite.ts";
import { type Job, Jobs } from "../src/jobs/jobs.ts";
import { ADMIN_TOKEN, RunningService, temporaryFolder } from "./fixtures.ts";
import { TestClient } from "./test-client.ts";

const HOUR = 3_600_000;
const RUN: JobRun = { startedAt: 1000, duration: 5, result: { deleted: 2 }, error: null, node: "one:1" };

/** Tests a board with two nodes. Each call of `open` opens a board on the same database. */
function describeBoard(name: string, open: () => Promise<JobBoard>, cleanUp: () => Promise<void>): void {
  describe(name, () => {
    let first: JobBoard;
    let second: JobBoard;

    beforeAll(async () => {
      [first, second] = await Promise.all([open(), open()]);
    });
    afterAll(async () => {
      await Promise.all([first?.close(), second?.close()]);
      await cleanUp();
    });

    test("only the holder of a job's lease can renew the lease", async () => {
      expect(await first.take("lease", "a", HOUR)).toBe(true);
      expect(await second.take("lease", "b", HOUR)).toBe(false);
      expect(await first.take("lease", "a", HOUR)).toBe(true);
      expect(await second.take("another", "b", HOUR)).toBe(true);
      expect(await second.read("lease")).toEqual({ isRunning: true, lastRun: null });
    });

    test("only one of two concurrent callers acquires the lease", async () => {
      const taken = await Promise.all([first.take("race", "a", HOUR), second.take("race", "b", HOUR)]);
      expect(taken.sort()).toEqual([false, true]);
    });

    test("another holder can acquire an expired lease", async () => {
      await first.take("crashed", "a", 1);
      while (!(await second.take("crashed", "b", HOUR)));
      expect(await first.take("crashed", "a", HOUR)).toBe(false);
    });

    test("finish() stores the run, and releases the lease only if the caller holds it", async () => {
      await first.take("late", "a", 1);
      while (!(await second.take("late", "b", HOUR)));
      await first.finish("late", "a", RUN);
      expect(await second.read("late")).toEqual({ isRunning: true, lastRun: RUN });
      const later = { ...RUN, startedAt: 2000 };
      await second.finish("late", "b", later);
      expect(await first.read("late")).toEqual({ isRunning: false, lastRun: later });
      expect(await first.take("late", "a", HOUR)).toBe(true);
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
      const nodes = [first, second].map((board, index) => {
        const schedule = (_delay: number, task: () => void) => {
          timers[index]?.push(task);
          return () => {};
        };
        const shared: JobBoard = {
          take: (...lease) => board.take(...lease),
          finish: (...finished) => board.finish(...finished),
          read: (name) => board.read(name),
          close: async () => {},
        };
        return new Jobs([job], { clock, schedule, log: pino({ level: "silent" }), board: shared });
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
describeBoard(
  "SQLite",
  async () => new SqliteJobBoard(join(folder, "jobs.db")),
  async () => rmSync(folder, { recursive: true }),
);

await describeWithServer("PostgreSQL", "postgres", async (url) => {
  const database = createTemporaryDatabase(url);
  describeBoard(
    "a job board",
    async () => PostgresJobBoard.open((await database).url),
    async () => (await database).drop(),
  );

  test("two nodes of the service report the same last run of a job", async () => {
    const own = await createTemporaryDatabase(url);
    const path = temporaryFolder();
    const variables = { DATABASE_URL: own.url, SESSION_SECRETS: "a-secret-that-all-nodes-share" };
    const services = [new RunningService(path, variables), new RunningService(path, variables)];
    try {
      const nodes = await Promise.all(services.map((service) => service.started()));
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
  describeBoard(
    "a job board",
    async () => new RedisJobBoard(await connectRedis(url)),
    async () => {
      const transport = await connectRedis(url);
      const names = ["lease", "another", "race", "crashed", "late", "shared"];
      const keys = names.flatMap((name) => ["lease", "run"].map((part) => `{coatcheck}:job:${name}:${part}`));
      await transport.exec(["DEL", ...keys]);
      await transport.close();
    },
  );
});
