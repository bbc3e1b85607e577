import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PostgresReadDatabase } from "../../../src/visit/questions/database/postgres.ts";
import type { ReadDatabase } from "../../../src/visit/questions/database/read.ts";
import { SqliteReadDatabase } from "../../../src/visit/questions/database/sqlite.ts";
import { DIALECTS } from "../../../src/visit/questions/sql/dialect.ts";
import { describeWithServer } from "../../servers/fixtures.ts";

/** Returns a query that would run for years. */
const endlessQuery = (dialect: "sqlite" | "postgres") =>
  sql<{ n: number }>`with recursive c(n) as (select 1 union all select n + 1 from c where n < 1000000000000
    and ${DIALECTS[dialect].withinBudget(sql`n`)}) select count(*) as n from c`;

function describeBudget(
  dialect: "sqlite" | "postgres",
  open: () => Promise<{ database: ReadDatabase; close(): Promise<void> }>,
) {
  let opened: Awaited<ReturnType<typeof open>>;

  beforeAll(async () => {
    opened = await open();
    // Open all connections first, so that later queries need not wait for a connection to open.
    await Promise.all([1, 2].map(() => read(20_000, sql`select 1 as n`)));
  });
  afterAll(async () => {
    await opened.database.close();
    await opened.close();
  });

  const read = (budget: number, query = endlessQuery(dialect)) =>
    opened.database.read(performance.now() + budget, (reader) => reader.rows(query));

  it("read() stops a query at the deadline with an error that asks for a narrower range", async () => {
    const start = performance.now();
    await expect(read(150)).rejects.toMatchObject({
      code: "VALIDATION_FAILED",
      message: expect.stringMatching(/Narrow the range/),
      faults: [{ path: "from", message: expect.stringMatching(/narrow the range/) }],
    });
    expect(performance.now() - start).toBeGreaterThan(140);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it("read() runs the next query on the connection of a query that timed out", async () => {
    for (let question = 0; question < 6; question++) {
      await expect(read(20)).rejects.toMatchObject({ code: "VALIDATION_FAILED" });
      expect(await read(5000, sql`select 1 as n`)).toEqual([{ n: 1 }]);
    }
  });

  it("read() returns the rows of twenty concurrent queries", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => read(5000, sql<{ n: number }>`select cast(${n} as bigint) as n`)),
    );
    expect(answers.map(([row]) => row?.n)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it("read() includes the wait for a connection in a query's deadline", async () => {
    const slow = Array.from({ length: 8 }, () => read(300).catch((error) => error.code));
    await expect(read(100, sql`select 1 as n`)).rejects.toMatchObject({ status: expect.any(Number) });
    expect(new Set(await Promise.all(slow))).not.toContain(undefined);
  });

  it("read() rejects statements that write", async () => {
    await expect(read(5000, sql`create table written (n integer)`)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
  });

  it("read() rejects an invalid query with STORE_UNAVAILABLE and the database's error as its cause", async () => {
    await expect(read(5000, sql`select no_such_column`)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      cause: { message: expect.stringMatching(/no_such_column/) },
    });
  });
}

describe("SqliteReadDatabase", () => {
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-budget-"));
  const path = join(folder, "visits.db");

  describeBudget("sqlite", async () => {
    new DatabaseSync(path).close();
    return { database: new SqliteReadDatabase(path), close: () => rm(folder, { recursive: true }) };
  });

  it("does not block the event loop while a query runs", async () => {
    new DatabaseSync(path).close();
    const database = new SqliteReadDatabase(path);
    await database.read(performance.now() + 5000, (reader) => reader.rows(sql`select 1`));
    const turns: number[] = [];
    let last = performance.now();
    const timer = setInterval(() => {
      turns.push(performance.now() - last);
      last = performance.now();
    }, 1);
    await expect(
      database.read(performance.now() + 300, (reader) => reader.rows(endlessQuery("sqlite"))),
    ).rejects.toMatchObject({ code: "VALIDATION_FAILED" });
    clearInterval(timer);
    await database.close();
    expect(turns.length).toBeGreaterThan(20);
    const slow = turns.filter((turn) => turn > 20);
    expect(slow.length).toBeLessThan(turns.length / 10);
  });

  it("replaces a thread that does not check the deadline", async () => {
    const database = new SqliteReadDatabase(path);
    const blind = sql`with recursive c(n) as (select 1 union all select n + 1 from c where n < 3000000)
      select count(*) as n from c`;
    const reading = database.read(performance.now() + 30, (reader) => reader.rows(blind));
    await expect(reading).rejects.toMatchObject({ code: "VALIDATION_FAILED" });
    const next = database.read(performance.now() + 5000, (reader) => reader.rows(sql`select 1 as n`));
    expect(await next).toEqual([{ n: 1 }]);
    await database.close();
  });
});

await describeWithServer("PostgresReadDatabase", "postgres", (url) => {
  describeBudget("postgres", async () => {
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    return { database: new PostgresReadDatabase(pool), close: () => pool.end() };
  });
});
