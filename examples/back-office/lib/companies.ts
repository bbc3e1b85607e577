import type { Database } from "./database.ts";

/** A company. A suspended one keeps its data, and its users see nothing of it. */
export interface Company {
  readonly id: number;
  readonly name: string;
  readonly active: boolean;
}

/** A company, from its row. */
export function findCompany(database: Database, id: number): Company | null {
  const row = database.one<{ id: number; name: string; active: number }>(
    "SELECT id, name, active FROM companies WHERE id = ?",
    id,
  );
  return row && { ...row, active: row.active === 1 };
}

/** A company as the super administrator sees it. */
export interface CompanyLine extends Company {
  readonly users: number;
  readonly warehouses: number;
  readonly items: number;
}

/** All companies. */
export function listCompanies(database: Database): readonly CompanyLine[] {
  const rows = database.all<Omit<CompanyLine, "active"> & { readonly active: number }>(
    `SELECT id, name, active,
       (SELECT count(*) FROM users WHERE company_id = companies.id) AS users,
       (SELECT count(*) FROM warehouses WHERE company_id = companies.id) AS warehouses,
       (SELECT count(*) FROM items JOIN warehouses ON warehouses.id = items.warehouse_id
        WHERE company_id = companies.id) AS items
     FROM companies ORDER BY name`,
  );
  return rows.map((row) => ({ ...row, active: row.active === 1 }));
}
