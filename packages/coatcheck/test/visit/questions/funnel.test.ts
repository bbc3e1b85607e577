import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createQuestions, type Filter, type Questions } from "../../../src/visit/questions/index.ts";
import { describeWithServer } from "../../servers/fixtures.ts";
import { countFunnel } from "../recount/funnel.ts";
import { DAY, HOUR } from "../recount/script.ts";
import { MONTH, TIME_ZONE } from "../recount/traffic.ts";
import { fillPostgres, fillSqlite, type LoadedDatabase } from "./load.ts";
import { generateMonth, type Traffic } from "./month.ts";

function describeFunnels({ recount }: Traffic, load: () => Promise<LoadedDatabase>): void {
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
    ["visit", DAY],
    ["visitor", DAY],
    ["visitor", HOUR],
    ["visit", 60_000],
  ] as const)("funnel() counts the steps of each %s within %d ms", async (scope, window) => {
    const steps = ["product_view", "add_to_cart", "begin_checkout", "order_completed"];
    const wanted = countFunnel(
      recount.visitsIn(MONTH),
      steps.map((event) => ({ event })),
      { by: scope, window },
    );
    const closed = await questions.funnel({ ...MONTH, scope, window });
    expect(closed.steps.map(({ step }) => step.type)).toEqual(steps);
    expect(closed.steps.map(({ count }) => count)).toEqual(wanted.map((row) => row.closed));
    expect(closed.steps.map(({ timeToNext }) => timeToNext)).toEqual([
      ...wanted.slice(1).map(({ medianTime }) => medianTime),
      null,
    ]);
    const open = await questions.funnel({ ...MONTH, scope, window, mode: "open" });
    expect(open.steps.map(({ count }) => count)).toEqual(wanted.map((row) => row.open));
    expect(open.steps.map(({ timeToNext }) => timeToNext)).toEqual([
      ...wanted.slice(1).map(({ openMedianTime }) => openMedianTime),
      null,
    ]);
    expect(wanted[2]?.closed).toBeGreaterThan(0);
  });

  it.each([
    ["closed", ["product_view"]],
    ["closed", ["product_view", "add_to_cart"]],
    ["closed", ["add_to_cart", "begin_checkout"]],
    ["open", ["add_to_cart", "begin_checkout"]],
    ["open", ["product_view", "begin_checkout"]],
    ["open", ["begin_checkout", "add_to_cart"]],
    ["open", ["order_completed", "product_view"]],
  ] as const)("funnel() counts %s funnels of some standard steps: %j", async (mode, types) => {
    const range = { from: "2026-10-06", to: "2026-10-25" };
    const wanted = countFunnel(
      recount.visitsIn(range),
      types.map((event) => ({ event })),
      { by: "visit" },
    );
    const answer = await questions.funnel({ ...range, mode, steps: types.map((type) => ({ type })) });
    expect(answer.steps.map(({ count, timeToNext }) => [count, timeToNext])).toEqual(
      wanted.map((row, index) => {
        const next = wanted[index + 1];
        return mode === "closed"
          ? [row.closed, next?.medianTime ?? null]
          : [row.open, next?.openMedianTime ?? null];
      }),
    );
    expect(wanted[0]?.open).toBeGreaterThan(0);
  });

  it("funnel() accepts steps with a page, and a step that is listed twice", async () => {
    const steps = [
      { type: "page_view", page: { operator: "is", value: "/" } },
      { type: "page_view" },
      { type: "page_view" },
      { type: "add_to_cart" },
    ] as const;
    const wanted = countFunnel(
      recount.visitsIn(MONTH),
      [
        { event: "page_view", path: "/" },
        { event: "page_view" },
        { event: "page_view" },
        { event: "add_to_cart" },
      ],
      { by: "visit" },
    );
    const { steps: found } = await questions.funnel({ ...MONTH, steps });
    expect(found.map(({ count }) => count)).toEqual(wanted.map((row) => row.closed));
    expect(wanted[2]?.closed).toBeGreaterThan(0);
    expect(wanted[2]?.closed).toBeLessThan(wanted[1]?.closed ?? 0);
  });

  it("funnel() applies filters", async () => {
    const filters: Filter[] = [{ dimension: "device", operator: "is", value: "mobile" }];
    const visits = recount.visitsIn(MONTH).filter(({ client }) => client?.device === "mobile");
    const { steps } = await questions.funnel({ ...MONTH, filters });
    const wanted = countFunnel(
      visits,
      steps.map(({ step }) => ({ event: step.type })),
      { by: "visit" },
    );
    expect(steps.map(({ count }) => count)).toEqual(wanted.map((row) => row.closed));
    expect(steps[1]).toMatchObject({
      shareOfFirst: (wanted[1]?.closed ?? 0) / (wanted[0]?.closed ?? 0),
      dropOff: (wanted[0]?.closed ?? 0) - (wanted[1]?.closed ?? 0),
    });
  });
}

describe("funnel() on SQLite", () => {
  const traffic = generateMonth();
  describeFunnels(traffic, () => fillSqlite(traffic.delivered));
});

await describeWithServer("funnel() on PostgreSQL", "postgres", (url) => {
  const traffic = generateMonth();
  describeFunnels(traffic, () => fillPostgres(url, traffic.delivered));
});
