import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** SQLite's name for a database that exists only in this process. */
const IN_MEMORY = ":memory:";
/** How long a call waits for another process's write, in milliseconds. */
const BUSY_TIMEOUT = 500;

const CREATE_TABLES = `
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
  CREATE TABLE IF NOT EXISTS past_orders (
    session_id TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS order_history (
    session_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (session_id, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS placed_orders (
    id INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    content TEXT NOT NULL,
    UNIQUE (session_id, number)
  ) STRICT;
`;

/**
 * Opens the shop's database of accounts, orders and histories. Creates the database if it does not exist.
 *
 * @param path a file, or `:memory:`. A new file is readable only by its owner.
 */
export function openAccountsDatabase(path: string): DatabaseSync {
  if (path !== IN_MEMORY) {
    mkdirSync(dirname(path), { recursive: true });
    // Create the file first: SQLite would create a file that every user can read. The -wal and -shm files inherit its
    // mode.
    closeSync(openSync(path, "a", 0o600));
  }
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT });
  try {
    database.exec("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE");
    const isNew = database.prepare("SELECT 1 FROM sqlite_schema").get() === undefined;
    database.exec(CREATE_TABLES);
    if (isNew) markOrdersMigrated(database);
    database.exec("COMMIT");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Returns whether the database contains orders of an older version of the shop that are not migrated yet. */
export function hasOlderOrders(database: DatabaseSync): boolean {
  return database.prepare("PRAGMA user_version").get()?.user_version === 0;
}

/** Records that the orders of older versions are migrated. */
export function markOrdersMigrated(database: DatabaseSync): void {
  database.exec("PRAGMA user_version = 1");
}
