import { expect, it } from "vitest";
import { deliver } from "./delivery.ts";
import { DIMENSIONS } from "./dimensions.ts";
import { Recount } from "./recount.ts";
import { Script } from "./script.ts";
import { generateTraffic, MONTH, TIME_ZONE } from "./traffic.ts";

const script = generateTraffic({ seed: 3, visitors: 120 });

it("generateTraffic() generates the same month for the same seed, and different months for different seeds", () => {
  expect(generateTraffic({ seed: 3, visitors: 120 }).actions).toEqual(script.actions);
  expect(generateTraffic({ seed: 4, visitors: 120 }).actions).not.toEqual(script.actions);
});

it("deliver() delivers each action that is not lost, for every value of `Arrival`", () => {
  const expected = script.actions.filter(({ isLost }) => !isLost).map(({ id }) => id);
  for (const arrival of ["in-order", "interleaved", "shuffled"] as const) {
    const delivered = deliver(script, arrival, 7).flatMap(({ batch }) => batch.events.map(({ id }) => id));
    expect(new Set(delivered)).toEqual(new Set(expected));
    if (arrival !== "in-order") expect(delivered.length).toBeGreaterThan(expected.length);
  }
});

it("deliver() delivers an event with the same content each time", () => {
  const events = deliver(script, "shuffled", 8).flatMap(({ batch }) => batch.events);
  const contents = Map.groupBy(
    events.filter(({ order }) => order === null),
    ({ id }) => id,
  );
  for (const [, same] of contents) expect(new Set(same).size).toBe(1);
});

it("recountVisits() returns the same visits for every order of arrival", () => {
  // Omit purchases: of several reports of a purchase, only the one that arrives first counts.
  const withoutOrders = new Script();
  withoutOrders.actions.push(...script.actions.filter(({ detail }) => detail.do !== "order"));
  const figures = (seed: number) =>
    new Recount(withoutOrders, deliver(withoutOrders, "shuffled", seed), TIME_ZONE).byDay(MONTH);
  expect(figures(1).size).toBe(31);
  expect(figures(2)).toEqual(figures(1));
});

it("the figures of all days add up to the total of a Recount, as do the figures of all rows of a dimension", () => {
  const recount = new Recount(script, deliver(script, "interleaved", 1), TIME_ZONE);
  const total = recount.overview(MONTH);
  const sum = (
    rows: Iterable<typeof total>,
    name: "visits" | "visitors" | "pageViews" | "orders" | "engaged",
  ) => [...rows].reduce((all, row) => all + row[name], 0);
  for (const name of ["visits", "pageViews", "orders", "engaged"] as const) {
    expect(sum(recount.byDay(MONTH).values(), name)).toBe(total[name]);
    expect(sum(recount.byHour(MONTH).values(), name)).toBe(total[name]);
  }
  for (const dimension of DIMENSIONS) {
    const rows = recount.breakdown(dimension, MONTH);
    for (const name of ["visits", "visitors", "pageViews", "orders"] as const) {
      expect(sum(rows.values(), name)).toBe(total[name]);
    }
  }
  expect(total.engaged + total.bounced).toBe(total.visits);
  expect(total.visitors).toBeLessThan(sum(recount.byDay(MONTH).values(), "visitors"));
});

it("generateTraffic() generates engaged, bounced, new and returning visits, and every kind of counted document", () => {
  const recount = new Recount(script, deliver(script), TIME_ZONE);
  const total = recount.overview(MONTH);
  expect(Math.min(total.bounced, total.engaged, total.newVisitors, total.returningVisitors)).toBeGreaterThan(
    5,
  );
  expect(Object.keys(total.revenue).sort()).toEqual(["CHF", "EUR", "JPY"]);
  expect(recount.orders.filter(({ visit }) => visit === null).length).toBeGreaterThan(0);
  expect(recount.orders.filter(({ revenue }) => revenue === 0).length).toBeGreaterThan(0);
  expect(recount.documentCounts(MONTH).size).toBe(6);
  expect(recount.byDay(MONTH).size).toBe(31);
});
