import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CoatcheckError } from "../../../src/session/errors.ts";
import { UsageError } from "../../../src/session/usage-error.ts";
import { createQuestions, type Questions } from "../../../src/visit/questions/index.ts";
import { deliver } from "../recount/delivery.ts";
import { generateTraffic, MONTH, TIME_ZONE } from "../recount/traffic.ts";
import { fillSqlite, type LoadedDatabase } from "./load.ts";

let loaded: LoadedDatabase;
let questions: Questions;

beforeAll(async () => {
  const script = generateTraffic({ seed: 2, visitors: 30 });
  loaded = await fillSqlite(deliver(script));
  questions = createQuestions(loaded.database, { timeZone: TIME_ZONE });
});

afterAll(async () => {
  await questions.close();
  await loaded.remove();
});

/** Returns the paths of the faults that the error for an invalid request contains. */
async function catchFaults(answer: Promise<unknown>): Promise<string[]> {
  const error = await answer.then(
    () => null,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(CoatcheckError);
  expect(error).toMatchObject({ code: "VALIDATION_FAILED", status: 400 });
  return error.faults.map(({ path }: { path: string }) => path);
}

const untyped = (value: unknown) => value as never;

describe("questions.overview()", () => {
  it.each([
    ["a date that does not exist", { from: "2026-02-30", to: "2026-03-01" }, ["from"]],
    [
      "a time of day, because ranges are whole days",
      { from: "2026-03-01T12:00", to: "2026-03-02" },
      ["from"],
    ],
    ["epoch milliseconds", { from: 0, to: 1 }, ["from", "to"]],
    ["a start after the end", { from: "2026-03-02", to: "2026-03-01" }, ["from"]],
    ["more than 25 months", { from: "2024-01-01", to: "2026-02-01" }, ["to"]],
    ["a missing end", { from: "2026-03-01" }, ["to"]],
  ])("rejects a range with %s", async (_, range, paths) => {
    expect(await catchFaults(questions.overview(untyped(range)))).toEqual(paths);
  });

  it("accepts ranges from one day to 25 months", async () => {
    await questions.overview({ from: "2026-03-01", to: "2026-03-01" });
    const { series } = await questions.overview({ from: "2024-01-01", to: "2026-01-31" });
    expect(series).toHaveLength(762);
  });
});

describe("the methods of Questions", () => {
  it("reject an invalid request with the paths of all faults", async () => {
    const request = {
      dimension: "chanel",
      from: "2026-03-02",
      to: "2026-03-01",
      limit: 0,
      filters: [
        { dimension: "country", operator: "like", value: "CH" },
        { dimension: "country", operator: "contains", value: null },
        { dimension: "country", operator: "is", value: "\0" },
        null,
      ],
      sort: "visits",
    };
    expect(await catchFaults(questions.breakdown(untyped(request)))).toEqual([
      "sort",
      "dimension",
      "from",
      "filters.0.operator",
      "filters.1.value",
      "filters.2.value",
      "filters.3",
      "limit",
    ]);
  });

  it.each([null, "", 1, [], undefined])("reject %j, because a request must be an object", async (request) => {
    expect(await catchFaults(questions.overview(untyped(request)))).toEqual([""]);
  });

  it("reject an hourly series for a range of more than 7 days", async () => {
    expect(await catchFaults(questions.overview({ ...MONTH, grain: "hour" }))).toEqual(["grain"]);
  });

  it("reject invalid funnels", async () => {
    const page = { operator: "is", value: "/" };
    const steps = [
      { type: "add_to_cart", page },
      { type: "" },
      { type: "page_view", page: { operator: "is" } },
    ];
    expect(
      await catchFaults(questions.funnel(untyped({ ...MONTH, steps, window: 0.5, mode: "half" }))),
    ).toEqual(["steps.0.page", "steps.1.type", "steps.2.page.value", "mode", "window"]);
    expect(await catchFaults(questions.funnel({ ...MONTH, steps: [] }))).toEqual(["steps"]);
  });

  it("reject a modified cursor, and a cursor that belongs to another method, dimension or range", async () => {
    const request = { dimension: "source", ...MONTH, limit: 1 } as const;
    const { next } = await questions.breakdown(request);
    expect(next).not.toBeNull();
    await questions.breakdown({ ...request, cursor: next });
    await questions.breakdown({ ...request, limit: 50, cursor: next });
    for (const other of [{ dimension: "medium" }, { to: "2026-10-30" }, { tenant: null }] as const)
      expect(await catchFaults(questions.breakdown({ ...request, ...other, cursor: next }))).toEqual([
        "cursor",
      ]);
    expect(await catchFaults(questions.visitorJourney("x", { cursor: next }))).toEqual(["cursor"]);
    const { of } = JSON.parse(Buffer.from(next ?? "", "base64url").toString());
    const changed = Buffer.from(JSON.stringify({ of, at: [{}, "x"] })).toString("base64url");
    for (const cursor of [changed, "x", "", "a".repeat(20_000)])
      expect(await catchFaults(questions.breakdown({ ...request, cursor }))).toEqual(["cursor"]);
  });

  it("pass the strings of a request to the database as parameters, never as part of the SQL", async () => {
    const value = `'; drop table coatcheck_visit; --"`;
    for (const dimension of ["source", "page"] as const) {
      for (const operator of ["is", "contains"] as const) {
        const { figures } = await questions.overview({ ...MONTH, filters: [{ dimension, operator, value }] });
        expect(figures.visits).toBe(0);
      }
    }
    expect((await questions.overview(MONTH)).figures.visits).toBeGreaterThan(0);
  });

  it("return only data of the requested tenant", async () => {
    const { figures, documents } = await questions.overview({ ...MONTH, tenant: "another" });
    expect(figures.visits + figures.orders + documents.bot).toBe(0);
    expect(await questions.overview({ ...MONTH, tenant: null })).toEqual(await questions.overview(MONTH));
  });
});

describe("createQuestions", () => {
  it.each([
    ["an unknown option", { timezone: "UTC" }, /did you mean "timeZone"/],
    ["an unknown time zone", { timeZone: "Mars/Olympus" }, /timeZone must be an IANA time zone/],
    ["a time budget of 0", { timeBudget: 0 }, /timeBudget must be a positive number/],
  ])("rejects %s", (_, options, message) => {
    expect(() => createQuestions(loaded.database, untyped(options))).toThrow(UsageError);
    expect(() => createQuestions(loaded.database, untyped(options))).toThrow(message);
  });

  it("rejects a SQLite database in memory, and an unknown dialect", () => {
    expect(() => createQuestions({ dialect: "sqlite", path: ":memory:" })).toThrow(UsageError);
    expect(() => createQuestions(untyped({ dialect: "mysql" }))).toThrow(UsageError);
  });

  it("rejects with STORE_UNAVAILABLE if the file is missing, and does not create the file", async () => {
    const missing = createQuestions({ dialect: "sqlite", path: "/nonexistent/visits.db" });
    await expect(missing.overview(MONTH)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await missing.close();
  });

  it("rejects with STORE_UNAVAILABLE after close()", async () => {
    const closed = createQuestions(loaded.database);
    await closed.overview(MONTH);
    await closed.close();
    await expect(closed.overview(MONTH)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });
});
