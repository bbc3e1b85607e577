import { describe } from "vitest";
import { describeWithServer } from "../../../packages/coatcheck/test/servers/fixtures.ts";
import { databaseSuite } from "./database-suite.ts";
import { createPostgresDatabase, createSqliteDatabase } from "./fixtures.ts";

describe("the back office's database in SQLite", () => databaseSuite(createSqliteDatabase));

await describeWithServer("the tables of the back office in PostgreSQL", "postgres", (url) =>
  databaseSuite(() => createPostgresDatabase(url)),
);
