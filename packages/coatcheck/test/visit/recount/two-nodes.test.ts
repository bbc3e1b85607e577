import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { expect, it } from "vitest";
import { createQuestions } from "../../../src/visit/questions/index.ts";
import { postgresEvents } from "../../../src/visit/sink/postgres/sink.ts";
import { sqliteEvents } from "../../../src/visit/sink/sqlite/sink.ts";
import type { EventSink } from "../../../src/visit/sink.ts";
import { createTemporaryDatabase, describeWithServer } from "../../servers/fixtures.ts";
import { type ComparedQuestions, compareFunnels, compareJourneys, compareOverviews } from "./comparison.ts";
import { type DeliveredBatch, deliver } from "./delivery.ts";
import { Recount } from "./recount.ts";
import { MINUTE, Script } from "./script.ts";
import { generateTraffic, TIME_ZONE } from "./traffic.ts";

/**
 * Creates the script without its orders. If two nodes write at the same time, it is random which report of an order
 * arrives first.
 */
function createScriptWithoutOrders(): Script {
  const script = new Script();
  const { actions, documents } = generateTraffic({ seed: 21, visitors: 60 });
  script.actions.push(...actions.filter(({ detail }) => detail.do !== "order"));
  script.documents.push(...documents);
  return script;
}

const script = createScriptWithoutOrders();
const delivered = deliver(script, "interleaved", 6);
const now = Math.max(...script.actions.map(({ receivedAt }) => receivedAt)) + MINUTE;
const options = { timeZone: TIME_ZONE, clock: { now: () => now }, timeBudget: 60_000 };

/** Writes the batches of both nodes at the same time. Each node writes its own batches one after another. */
async function writeConcurrently(sinks: readonly EventSink[]): Promise<void> {
  const writeAll = async (sink: EventSink, batches: readonly DeliveredBatch[]) => {
    for (const { batch } of batches) await sink.write(batch);
  };
  const nodeOf = ({ actions: [first] }: DeliveredBatch) => first?.node ?? 0;
  await Promise.all(
    sinks.map((sink, node) =>
      writeAll(
        sink,
        delivered.filter((each) => nodeOf(each) === node),
      ),
    ),
  );
}

async function compare(questions: ComparedQuestions["questions"]): Promise<void> {
  const asked = { questions, recount: new Recount(script, delivered, TIME_ZONE), now };
  expect(asked.recount.visits.length).toBeGreaterThan(100);
  await compareJourneys(asked);
  await compareOverviews(asked);
  await compareFunnels(asked);
}

it("the figures from SQLite equal the recount after two nodes have written at the same time", {
  timeout: 60_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "coatcheck-nodes-"));
  const path = join(folder, "visits.db");
  const sinks = [sqliteEvents({ path, timeZone: TIME_ZONE }), sqliteEvents({ path, timeZone: TIME_ZONE })];
  const questions = createQuestions({ dialect: "sqlite", path }, options);
  try {
    await writeConcurrently(sinks);
    await compare(questions);
  } finally {
    await questions.close();
    for (const sink of sinks) await sink.close();
    await rm(folder, { recursive: true });
  }
});

await describeWithServer("two nodes and PostgreSQL", "postgres", (url) => {
  it("the figures equal the recount after two nodes have written at the same time", {
    timeout: 60_000,
  }, async () => {
    const database = await createTemporaryDatabase(url);
    const pools = [0, 1].map(() => new pg.Pool({ connectionString: database.url, max: 3 }));
    const sinks = await Promise.all(pools.map((pool) => postgresEvents({ pool, timeZone: TIME_ZONE })));
    const [pool] = pools;
    if (!pool) throw new Error("There is no pool.");
    const questions = createQuestions({ dialect: "postgres", pool }, options);
    try {
      await writeConcurrently(sinks);
      await compare(questions);
    } finally {
      await questions.close();
      for (const sink of sinks) await sink.close();
      for (const each of pools) await each.end();
      await database.drop();
    }
  });
});
