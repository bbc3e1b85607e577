import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createQuestions, type Questions } from "../../../src/visit/questions/index.ts";
import { postgresEvents } from "../../../src/visit/sink/postgres/sink.ts";
import { sqliteEvents } from "../../../src/visit/sink/sqlite/sink.ts";
import type { EventSink } from "../../../src/visit/sink.ts";
import { createTemporaryDatabase, describeWithServer } from "../../servers/fixtures.ts";
import {
  type ComparedQuestions,
  compareAttributionAndRetention,
  compareBreakdowns,
  compareFunnels,
  compareJourneys,
  compareOverviews,
} from "./comparison.ts";
import { type ArrivalOrder, deliver } from "./delivery.ts";
import { Recount } from "./recount.ts";
import { MINUTE } from "./script.ts";
import { generateTraffic, TIME_ZONE } from "./traffic.ts";

/** A sink, and questions on the same empty database. */
interface OpenDatabase {
  readonly sink: EventSink & { recompute(limit: number): Promise<number> };
  readonly questions: Questions;
  remove(): Promise<void>;
}

const VISITOR_COUNT = 100;

/**
 * How the batches arrive. `recomputed` contains the shares of the batches after which the rollups (precomputed
 * statistics) are recomputed.
 */
const DELIVERIES: readonly {
  readonly arrival: ArrivalOrder;
  readonly seed: number;
  readonly recomputed: readonly number[];
  /** Describes `recomputed` for the title of the tests. */
  readonly rollupDescription: string;
}[] = [
  { arrival: "interleaved", seed: 2, recomputed: [], rollupDescription: "no recomputed rollups" },
  {
    arrival: "interleaved",
    seed: 4,
    recomputed: [0.3, 0.7, 1],
    rollupDescription: "rollups recomputed after 30 %, 70 % and 100 % of the batches",
  },
  {
    arrival: "shuffled",
    seed: 3,
    recomputed: [0.5],
    rollupDescription: "rollups recomputed after 50 % of the batches",
  },
];

const script = generateTraffic({ seed: 11, visitors: VISITOR_COUNT });
const lastHeardAt = Math.max(...script.actions.map(({ receivedAt }) => receivedAt));
/** `npm test` compares only the events that arrive in the least regular order; see scripts/test-long.ts. */
const TESTED_DELIVERIES = process.env.LONG_TESTS ? DELIVERIES : DELIVERIES.slice(-1);
/** One minute after the last activity of the script, so that the visitor of that activity is still live. */
const clock = { now: () => lastHeardAt + MINUTE };

function compareMonth(open: () => Promise<OpenDatabase>): void {
  describe.each(TESTED_DELIVERIES)("with $arrival batches and $rollupDescription", (each) => {
    const { arrival, seed, recomputed } = each;
    let database: OpenDatabase;
    let asked: ComparedQuestions;

    beforeAll(async () => {
      database = await open();
      const delivered = deliver(script, arrival, seed);
      for (const [index, { batch }] of delivered.entries()) {
        await database.sink.write(batch);
        if (!recomputed.some((share) => Math.floor(share * delivered.length) === index + 1)) continue;
        while ((await database.sink.recompute(20)) === 20);
      }
      const recount = new Recount(script, delivered, TIME_ZONE);
      asked = { questions: database.questions, recount, now: clock.now() };
    });
    afterAll(() => database.remove());

    it("customerJourney() equals the recount", { timeout: 60_000 }, () => compareJourneys(asked));
    it("overview() equals the recount", { timeout: 60_000 }, () => compareOverviews(asked));
    it("breakdown() equals the recount", { timeout: 60_000 }, () => compareBreakdowns(asked));
    it("funnel() equals the recount", { timeout: 60_000 }, () => compareFunnels(asked));
    it("attribution() and retention() equal the recount", () => compareAttributionAndRetention(asked));
    it("live() equals the recount", async () => {
      const { visitors } = await asked.questions.live();
      expect(visitors).toBe(asked.recount.liveVisitors(clock.now()));
    });
  });
}

await describeWithServer("a month in PostgreSQL", "postgres", (url) => {
  compareMonth(async () => {
    const database = await createTemporaryDatabase(url);
    const pool = new pg.Pool({ connectionString: database.url });
    const sink = await postgresEvents({ pool, timeZone: TIME_ZONE });
    const questions = createQuestions(
      { dialect: "postgres", pool },
      { timeZone: TIME_ZONE, clock, timeBudget: 60_000 },
    );
    return {
      sink,
      questions,
      async remove() {
        await questions.close();
        await sink.close();
        await pool.end();
        await database.drop();
      },
    };
  });
});

describe("a month in SQLite", () => {
  compareMonth(async () => {
    const folder = await mkdtemp(join(tmpdir(), "coatcheck-month-"));
    const path = join(folder, "visits.db");
    const sink = sqliteEvents({ path, timeZone: TIME_ZONE });
    const questions = createQuestions(
      { dialect: "sqlite", path },
      { timeZone: TIME_ZONE, clock, timeBudget: 60_000 },
    );
    return {
      sink,
      questions,
      async remove() {
        await questions.close();
        await sink.close();
        await rm(folder, { recursive: true });
      },
    };
  });
});
