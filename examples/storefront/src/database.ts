import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** SQLite's name for a database that exists only in this process. */
const IN_MEMORY = ":memory:";
/** How long a call waits for another process's write, in milliseconds. */
const BUSY_TIMEOUT = 500;

const CREATE_TABLES = `
  CREATE TABLE IF NOT EXISTS customers (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY,
    customer TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    checkout TEXT NOT NULL,
    session TEXT NOT NULL,
    placed_at INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (customer, checkout)
  ) STRICT;
`;

/**
 * Opens the shop's database of customers and orders. Creates the database if it does not exist.
 *
 * @param path a file, or `:memory:`. A new file is readable only by its owner.
 */
export function openShopDatabase(path: string): DatabaseSync {
  if (path !== IN_MEMORY) {
    mkdirSync(dirname(path), { recursive: true });
    // Create the file first: SQLite would create a file that every user can read. The -wal and -shm files inherit its
    // mode.
    closeSync(openSync(path, "a", 0o600));
  }
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT });
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; ${CREATE_TABLES}`);
  return database;
}
