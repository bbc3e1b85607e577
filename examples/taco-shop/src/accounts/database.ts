import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** A database in memory, which ends with its process. */
const IN_MEMORY = ":memory:";
/** Milliseconds that a call waits for another process's write. */
const PATIENCE = 500;

const TABLES = `
  CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    name TEXT NOT NULL,
    language TEXT
  ) STRICT;
  CREATE TABLE IF NOT EXISTS account_orders (
    number INTEGER PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    session_id TEXT NOT NULL UNIQUE
  ) STRICT;
  CREATE INDEX IF NOT EXISTS account_orders_by_account ON account_orders (account, number);
  CREATE TABLE IF NOT EXISTS joined_orders (
    number INTEGER PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    session_id TEXT NOT NULL,
    UNIQUE (session_id, account)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS joined_orders_by_account ON joined_orders (account, number);
`;

/** Opens the shop's own database, made where there is none: a file that only its owner may read, or `:memory:`. */
export function openAccountsDatabase(path: string): DatabaseSync {
  if (path !== IN_MEMORY) {
    mkdirSync(dirname(path), { recursive: true });
    // Made here, because SQLite would make it readable by everybody; its -wal and -shm files take the same mode.
    closeSync(openSync(path, "a", 0o600));
  }
  const database = new DatabaseSync(path, { timeout: PATIENCE });
  try {
    database.exec("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE");
    const isNew = database.prepare("SELECT 1 FROM sqlite_schema").get() === undefined;
    database.exec(TABLES);
    if (isNew) noteOrdersAdopted(database);
    database.exec("COMMIT");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Whether an older version of the shop made this database, and what it kept of its orders is still to be adopted. */
export function hasOlderOrders(database: DatabaseSync): boolean {
  return database.prepare("PRAGMA user_version").get()?.user_version === 0;
}

/** From now on there are none. */
export function noteOrdersAdopted(database: DatabaseSync): void {
  database.exec("PRAGMA user_version = 1");
}
