import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** SQLite's name for a database that exists only in this process. */
const IN_MEMORY = ":memory:";
/** Milliseconds that a call waits for another process's write. */
const BUSY_TIMEOUT = 500;

const TABLES = `
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
 * Opens the shop's own database and creates it if needed: customers and orders, which every real shop has already.
 *
 * @param path a file, which is created readable by its owner only, or `:memory:`.
 */
export function openShopDatabase(path: string): DatabaseSync {
  if (path !== IN_MEMORY) {
    mkdirSync(dirname(path), { recursive: true });
    // SQLite would create a file that every user can read. Its -wal and -shm files inherit the mode of this one.
    closeSync(openSync(path, "a", 0o600));
  }
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT });
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; ${TABLES}`);
  return database;
}
