import { expect, it } from "vitest";
import { createQuestions } from "../../../src/visit/questions/index.ts";
import { describeWithServer } from "../../servers/fixtures.ts";
import { createEvent, DAY, START } from "../facts/events.ts";
import { fillPostgres, fillSqlite, type LoadedDatabase } from "./load.ts";

const HUGE_AMOUNT = Number.MAX_SAFE_INTEGER;
/** The revenue of so many orders is larger than the largest 64-bit integer. */
const ORDER_COUNT = 1100;

/** Many orders on a day whose rollup is up to date, and two orders on a day whose rollup is out of date. */
const EVENTS = Array.from({ length: ORDER_COUNT + 2 }, (_, index) =>
  createEvent({
    type: "order_completed",
    at: index < ORDER_COUNT ? START : START + DAY,
    subject: "ada",
    order: { orderId: `order-${index}`, revenue: HUGE_AMOUNT, currency: "EUR" },
  }),
);
const DELIVERED_BATCHES = [EVENTS.slice(0, ORDER_COUNT), EVENTS.slice(ORDER_COUNT)].map((events) => ({
  batch: { events, counts: [] },
}));

function sums(load: () => Promise<LoadedDatabase>): () => Promise<void> {
  return async () => {
    const loaded = await load();
    const questions = createQuestions(loaded.database, { timeZone: "UTC" });
    try {
      const day = (from: string) => questions.overview({ from, to: from, grain: "day" });
      expect((await day("2026-10-01")).figures.revenue?.EUR).toBeGreaterThan(8e18);
      expect((await day("2026-10-02")).figures.revenue).toEqual({ EUR: 2 * HUGE_AMOUNT });
      const { totals } = await questions.customerJourney("ada", {});
      expect(totals?.revenue.EUR).toBeGreaterThan(9e18);
    } finally {
      await questions.close();
      await loaded.remove();
    }
  };
}

it(
  "overview() on SQLite sums revenue above 2^53",
  sums(() => fillSqlite(DELIVERED_BATCHES)),
);

await describeWithServer("PostgreSQL", "postgres", (url) => {
  it(
    "overview() sums revenue above 2^53",
    sums(() => fillPostgres(url, DELIVERED_BATCHES)),
  );
});
