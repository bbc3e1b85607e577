import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createQuestions, type Questions } from "../../../src/visit/questions/index.ts";
import { describeWithServer } from "../../servers/fixtures.ts";
import { deliver } from "../recount/delivery.ts";
import { Recount } from "../recount/recount.ts";
import { Browser, HOUR, MINUTE, Script } from "../recount/script.ts";
import { TIME_ZONE } from "../recount/traffic.ts";
import { fillPostgres, fillSqlite, type LoadedDatabase } from "./load.ts";

/**
 * Returns a script for the two days on which the clocks change in Zurich. One browser is active all day, so its visits
 * cross each midnight. In each half hour, another visitor arrives.
 */
function createBusyDaysScript(): Script {
  const script = new Script(8);
  for (const start of ["2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z"].map(Date.parse)) {
    const tireless = new Browser(script, start);
    for (let slice = 0; slice < 48 * 3; slice++) {
      tireless.viewPage(`/${slice % 3}`);
      const passer = new Browser(script, tireless.now + 7);
      passer.viewPage("/passing");
      if (slice % 5 === 0) passer.wait(1).completeOrder(`order-${tireless.now}`, slice, "CHF");
      tireless.wait(20 * MINUTE);
    }
  }
  script.addDocument("bot", Date.parse("2026-03-29T00:30:00Z"));
  return script;
}

const script = createBusyDaysScript();
const delivered = deliver(script);
const recount = new Recount(script, delivered, TIME_ZONE);

function describeDays(load: () => Promise<LoadedDatabase>): void {
  let loaded: LoadedDatabase;
  let questions: Questions;

  beforeAll(async () => {
    loaded = await load();
    questions = createQuestions(loaded.database, { timeZone: TIME_ZONE, timeBudget: 20_000 });
  });
  afterAll(async () => {
    await questions.close();
    await loaded.remove();
  });

  it.each([
    ["2026-03-29", 23],
    ["2026-10-25", 25],
  ])("overview() returns all page views and orders of %s, a day of %d hours", async (date, length) => {
    const range = { from: date, to: date };
    const { figures, series } = await questions.overview(range);
    const day = recount.overview(range);
    const { visits, pageViews, visitors, orders, revenue } = day;
    expect(figures).toMatchObject({ visits, pageViews, visitors, orders, revenue });
    expect(series).toHaveLength(length);
    expect(series.map(({ at }) => Date.parse(at))).toEqual(
      Array.from({ length }, (_, hour) => Date.parse(series[0]?.at ?? "") + hour * HOUR),
    );
    expect(series.map((hour) => hour.pageViews)).toEqual(Array(length).fill(6));
    expect(series.map((hour) => hour.orders)).toEqual(
      series.map(({ at }) => recount.byHour(range).get(Date.parse(at))?.orders),
    );
  });

  it.each([
    ["2026-03-27", "2026-03-31"],
    ["2026-10-23", "2026-10-27"],
    ["2026-03-29", "2026-03-29"],
  ])(
    "overview() returns the figures of each day from %s to %s, including visits across midnight",
    async (from, to) => {
      const { series } = await questions.overview({ from, to, grain: "day" });
      const days = recount.byDay({ from, to });
      for (const { at, visits, pageViews, orders } of series) {
        const day = days.get(at);
        expect({ at, visits, pageViews, orders }).toEqual({
          at,
          visits: day?.visits ?? 0,
          pageViews: day?.pageViews ?? 0,
          orders: day?.orders ?? 0,
        });
      }
      const { rows } = await questions.breakdown({ dimension: "page", from, to });
      const views = rows.map(({ value, pageViews }) => [value, pageViews]);
      const pages = [...recount.pageFigures({ from, to })].map(([path, page]) => [path, page.pageViews]);
      expect(new Map(views as [string, number][])).toEqual(new Map(pages as [string, number][]));
    },
  );
}

describe("changes of the clocks on SQLite", () => describeDays(() => fillSqlite(delivered)));

await describeWithServer("changes of the clocks on PostgreSQL", "postgres", (url) => {
  describeDays(() => fillPostgres(url, delivered));
});
