import type { Database } from "./database.ts";

/** A company. While it is suspended, its data is kept, but its users cannot open any page. */
export interface Company {
  readonly id: number;
  readonly name: string;
  readonly active: boolean;
}

/** Returns a company; null if it does not exist. */
export function findCompany(database: Database, id: number): Company | null {
  const row = database.one<{ id: number; name: string; active: number }>(
    "SELECT id, name, active FROM companies WHERE id = ?",
    id,
  );
  return row && { ...row, active: row.active === 1 };
}

/** A company in the super administrator's list, with counts. */
export interface ListedCompany extends Company {
  readonly users: number;
  readonly warehouses: number;
  readonly items: number;
}

/** Returns all companies. */
export function listCompanies(database: Database): readonly ListedCompany[] {
  const rows = database.all<Omit<ListedCompany, "active"> & { readonly active: number }>(
    `SELECT id, name, active,
       (SELECT count(*) FROM users WHERE company_id = companies.id) AS users,
       (SELECT count(*) FROM warehouses WHERE company_id = companies.id) AS warehouses,
       (SELECT count(*) FROM items JOIN warehouses ON warehouses.id = items.warehouse_id
        WHERE company_id = companies.id) AS items
     FROM companies ORDER BY name`,
  );
  return rows.map((row) => ({ ...row, active: row.active === 1 }));
}
