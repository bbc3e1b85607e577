import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTemporaryDatabase } from "../../../packages/coatcheck/test/servers/fixtures.ts";
import { Database } from "../lib/database/database.ts";
import { openPostgres } from "../lib/database/postgres.ts";
import { openSqlite } from "../lib/database/sqlite.ts";

/** The database of one test. `open` can be called several times, as if several processes opened the database. */
export interface TestDatabase {
  open(): Promise<Database>;
  end(): Promise<void>;
}

/** Creates an SQLite file. */
export async function createSqliteDatabase(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), "back-office-"));
  return {
    open: async () => new Database(openSqlite(join(folder, "office.db"))),
    end: async () => rmSync(folder, { recursive: true }),
  };
}

/** Creates a database on the PostgreSQL server at `url`. */
export async function createPostgresDatabase(url: string): Promise<TestDatabase> {
  const database = await createTemporaryDatabase(url);
  return {
    open: async () =>
      new Database(
        await openPostgres(database.url, (error) => {
          throw error;
        }),
      ),
    end: () => database.drop(),
  };
}
