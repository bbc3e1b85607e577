import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTemporaryDatabase } from "../../../packages/coatcheck/test/servers/fixtures.ts";
import { Database } from "../lib/database/database.ts";
import { openPostgres } from "../lib/database/postgres.ts";
import { openSqlite } from "../lib/database/sqlite.ts";

/** A place for the tables of one test, which several processes can open. */
export interface Place {
  open(): Promise<Database>;
  end(): Promise<void>;
}

/** A new SQLite file. */
export async function sqlitePlace(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), "back-office-"));
  return {
    open: async () => new Database(openSqlite(join(folder, "office.db"))),
    end: async () => rmSync(folder, { recursive: true }),
  };
}

/** A new database on the PostgreSQL at `url`. */
export async function postgresPlace(url: string): Promise<Place> {
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
