import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS companies (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, active INTEGER NOT NULL DEFAULT 1
  ) STRICT;
  CREATE TABLE IF NOT EXISTS roles (
    id INTEGER PRIMARY KEY, company_id INTEGER NOT NULL REFERENCES companies, name TEXT NOT NULL,
    permissions TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS warehouses (
    id INTEGER PRIMARY KEY, company_id INTEGER NOT NULL REFERENCES companies, name TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY, company_id INTEGER REFERENCES companies, email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL, password TEXT NOT NULL, role_id INTEGER REFERENCES roles,
    warehouse_id INTEGER REFERENCES warehouses, theme TEXT NOT NULL DEFAULT 'system',
    language TEXT NOT NULL DEFAULT 'en', active INTEGER NOT NULL DEFAULT 1,
    super_admin INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX IF NOT EXISTS users_by_company ON users (company_id, name);
  CREATE TABLE IF NOT EXISTS user_warehouses (
    user_id INTEGER NOT NULL REFERENCES users, warehouse_id INTEGER NOT NULL REFERENCES warehouses,
    PRIMARY KEY (user_id, warehouse_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS items (
    id INTEGER PRIMARY KEY, warehouse_id INTEGER NOT NULL REFERENCES warehouses, sku TEXT NOT NULL,
    name TEXT NOT NULL, location TEXT NOT NULL, quantity INTEGER NOT NULL CHECK (quantity >= 0),
    minimum INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS items_by_warehouse ON items (warehouse_id, sku);
  CREATE TABLE IF NOT EXISTS movements (
    id INTEGER PRIMARY KEY, item_id INTEGER NOT NULL REFERENCES items, user_id INTEGER NOT NULL REFERENCES users,
    change INTEGER NOT NULL, at INTEGER NOT NULL
  ) STRICT;
`;

type SqlValues = readonly SQLInputValue[];

/** The application's database. Counts its queries, so that pages and tests can show how few queries a page needs. */
export class Database {
  #reads = 0;
  readonly #sqlite: DatabaseSync;

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.#sqlite = new DatabaseSync(path);
    this.#sqlite.exec("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;");
    this.#sqlite.exec(SCHEMA);
  }

  /** The number of queries so far. */
  get reads(): number {
    return this.#reads;
  }

  all<Row>(sql: string, ...values: SqlValues): readonly Row[] {
    this.#reads++;
    return this.#sqlite.prepare(sql).all(...values) as Row[];
  }

  one<Row>(sql: string, ...values: SqlValues): Row | null {
    this.#reads++;
    return (this.#sqlite.prepare(sql).get(...values) as Row | undefined) ?? null;
  }

  /** Changes rows. Returns the number of changed rows, and the id of an inserted row. */
  run(sql: string, ...values: SqlValues): { readonly changes: number; readonly id: number } {
    const { changes, lastInsertRowid } = this.#sqlite.prepare(sql).run(...values);
    return { changes: Number(changes), id: Number(lastInsertRowid) };
  }

  /** Runs the statements of `change` as one transaction. */
  transaction<Result>(change: () => Result): Result {
    this.#sqlite.exec("BEGIN IMMEDIATE");
    try {
      const result = change();
      this.#sqlite.exec("COMMIT");
      return result;
    } catch (error) {
      this.#sqlite.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    this.#sqlite.close();
  }
}
