import { expect, it } from "vitest";
import { createQuestions } from "../../../src/visit/questions/index.ts";
import { describeWithServer } from "../../servers/fixtures.ts";
import { createEvent, DAY, HOUR, START } from "../facts/events.ts";
import { fillPostgres, fillSqlite, type LoadedDatabase } from "./load.ts";

const DOCUMENT_COUNT = {
  id: "count-1",
  kind: "bot",
  hour: START - (START % HOUR),
  tenant: "acme",
  documents: 3,
} as const;
const DELIVERED_BATCHES = [{ batch: { events: [], counts: [DOCUMENT_COUNT] } }];

function expectOnlyCounts(load: () => Promise<LoadedDatabase>): () => Promise<void> {
  return async () => {
    const loaded = await load();
    const questions = createQuestions(loaded.database, { timeZone: "UTC" });
    try {
      const range = { from: "2026-10-01", to: "2026-10-01" };
      expect((await questions.overview(range)).documents).toMatchObject({ bot: 3 });
      expect((await questions.overview({ ...range, tenant: "acme" })).documents).toMatchObject({ bot: 3 });
    } finally {
      await questions.close();
      await loaded.remove();
    }
  };
}

/** A visit in which the visitor waits between the first two steps of the standard funnel. */
const createVisitEvents = (tenant: string | null, at: number, wait: number) => [
  createEvent({ tenant, at, type: "product_view" }),
  createEvent({ tenant, at: at + wait, type: "add_to_cart" }),
];
const BATCHES_WITH_SAME_VISITOR_ID = [
  {
    batch: {
      events: [...createVisitEvents("acme", START, 10), ...createVisitEvents("acme", START + DAY, 20)],
      counts: [],
    },
  },
  {
    batch: {
      events: [...createVisitEvents("acme", START + 2 * DAY, 60), ...createVisitEvents(null, START, 1000)],
      counts: [],
    },
  },
];

function testSameVisitorId(load: () => Promise<LoadedDatabase>): () => Promise<void> {
  return async () => {
    const loaded = await load();
    const questions = createQuestions(loaded.database, { timeZone: "UTC" });
    try {
      const range = { from: "2026-10-01", to: "2026-10-03" };
      for (const [tenant, newVisitors, returningVisitors, timeToNext] of [
        ["acme", 1, 1, 20],
        [null, 1, 0, 1000],
        [undefined, 2, 1, 40],
      ] as const) {
        const request = { ...range, ...(tenant !== undefined && { tenant }) };
        expect((await questions.overview(request)).figures).toMatchObject({ newVisitors, returningVisitors });
        for (const mode of ["closed", "open"] as const) {
          const { steps } = await questions.funnel({ ...request, mode });
          expect(steps[0]?.timeToNext).toBe(timeToNext);
        }
      }
    } finally {
      await questions.close();
      await loaded.remove();
    }
  };
}

it(
  "overview() and funnel() on SQLite separate visitors with the same id in two tenants",
  testSameVisitorId(() => fillSqlite(BATCHES_WITH_SAME_VISITOR_ID)),
);

it(
  "overview() on SQLite includes a tenant that has counted documents but no visits",
  expectOnlyCounts(() => fillSqlite(DELIVERED_BATCHES)),
);

await describeWithServer("PostgreSQL", "postgres", (url) => {
  it(
    "overview() and funnel() separate visitors with the same id in two tenants",
    testSameVisitorId(() => fillPostgres(url, BATCHES_WITH_SAME_VISITOR_ID)),
  );

  it(
    "overview() includes a tenant that has counted documents but no visits",
    expectOnlyCounts(() => fillPostgres(url, DELIVERED_BATCHES)),
  );
});
