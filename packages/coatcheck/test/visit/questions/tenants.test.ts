import { expect, it } from "vitest";
import { createQuestions } from "../../../src/visit/questions/index.ts";
import { describeWithServer } from "../../servers/fixtures.ts";
import { HOUR, START } from "../facts/events.ts";
import { fillPostgres, fillSqlite, type LoadedDatabase } from "./load.ts";

const COUNT = {
  id: "count-1",
  kind: "bot",
  hour: START - (START % HOUR),
  tenant: "acme",
  documents: 3,
} as const;
const DELIVERED = [{ batch: { events: [], counts: [COUNT] } }];

function countsOnly(load: () => Promise<LoadedDatabase>): () => Promise<void> {
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

it(
  "overview() on SQLite includes a tenant that has counted documents but no visits",
  countsOnly(() => fillSqlite(DELIVERED)),
);

await describeWithServer("PostgreSQL", "postgres", (url) => {
  it(
    "overview() includes a tenant that has counted documents but no visits",
    countsOnly(() => fillPostgres(url, DELIVERED)),
  );
});
