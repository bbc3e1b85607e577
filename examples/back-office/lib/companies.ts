import type { Queries } from "./database/database.ts";
import { FormError } from "./form-error.ts";
import { addInitialRoles } from "./roles.ts";
import { addUser } from "./users.ts";
import { addWarehouse } from "./warehouses.ts";

/** A company. While it is suspended, its data is kept, but its users cannot open any page. */
export interface Company {
  readonly id: number;
  readonly name: string;
  readonly active: boolean;
}

/** Returns a company; null if it does not exist. */
export async function findCompany(queries: Queries, id: number): Promise<Company | null> {
  const row = await queries.one<{ id: number; name: string; active: number }>(
    "SELECT id, name, active FROM companies WHERE id = ?",
    id,
  );
  return row && { ...row, active: row.active === 1 };
}

/** A company in the super administrator's list, with the number of its users, warehouses and items. */
export interface ListedCompany extends Company {
  readonly users: number;
  readonly warehouses: number;
  readonly items: number;
}

/** Returns all companies. */
export async function listCompanies(queries: Queries): Promise<readonly ListedCompany[]> {
  const rows = await queries.all<Omit<ListedCompany, "active"> & { readonly active: number }>(
    `SELECT id, name, active,
       (SELECT count(*) FROM users WHERE company_id = companies.id) AS users,
       (SELECT count(*) FROM warehouses WHERE company_id = companies.id) AS warehouses,
       (SELECT count(*) FROM items JOIN warehouses ON warehouses.id = items.warehouse_id
        WHERE company_id = companies.id) AS items
     FROM companies ORDER BY lower(name)`,
  );
  return rows.map((row) => ({ ...row, active: row.active === 1 }));
}

/** The values of the form that adds a company. A new company has one warehouse and one administrator. */
export interface CompanyContent {
  readonly name: string;
  readonly warehouse: string;
  readonly administrator: string;
  readonly email: string;
  /** The hash. */
  readonly password: string;
}

/**
 * Adds a company with three roles, a warehouse and an administrator. Returns its id.
 *
 * @throws FormError if another company has the name, or another user has the email address.
 */
export async function addCompany(queries: Queries, content: CompanyContent): Promise<number> {
  const sql = "INSERT INTO companies (name) VALUES (?) ON CONFLICT DO NOTHING";
  const company = await queries.insert(sql, content.name);
  if (company === null) throw new FormError({ name: "nameTaken" });
  const roles = await addInitialRoles(queries, company);
  const warehouseId = await addWarehouse(queries, company, { name: content.warehouse, copyItemsFrom: null });
  const { administrator: name, email, password } = content;
  const roleId = roles.get("Administrator") ?? 0;
  const user = { name, email, roleId, warehouseId, warehouseIds: [warehouseId] };
  await addUser(queries, { company, permissions: null }, user, password);
  return company;
}
