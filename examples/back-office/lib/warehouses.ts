import type { Queries } from "./database/database.ts";
import { FormError } from "./form-error.ts";

/** A warehouse of a company. */
export interface Warehouse {
  readonly id: number;
  readonly companyId: number;
  readonly name: string;
}

const SELECT_WAREHOUSES = 'SELECT id, company_id AS "companyId", name FROM warehouses';

/** Returns a warehouse; null if it does not exist. */
export async function findWarehouse(queries: Queries, id: number): Promise<Warehouse | null> {
  return await queries.one<Warehouse>(`${SELECT_WAREHOUSES} WHERE id = ?`, id);
}

/** Returns the warehouses of a company. */
export async function listWarehouses(queries: Queries, company: number): Promise<readonly Warehouse[]> {
  return await queries.all<Warehouse>(
    `${SELECT_WAREHOUSES} WHERE company_id = ? ORDER BY lower(name)`,
    company,
  );
}

/** A warehouse in the administrator's list. */
export interface ListedWarehouse {
  readonly id: number;
  readonly name: string;
  readonly users: number;
  readonly items: number;
  readonly pieces: number;
}

/** Returns the warehouses of a company, each with the counts of its users, items and pieces. */
export async function listWarehousesWithTotals(
  queries: Queries,
  company: number,
): Promise<readonly ListedWarehouse[]> {
  return await queries.all<ListedWarehouse>(
    `SELECT id, name,
       (SELECT count(*) FROM user_warehouses WHERE warehouse_id = warehouses.id) AS users,
       (SELECT count(*) FROM items WHERE warehouse_id = warehouses.id) AS items,
       (SELECT coalesce(sum(quantity), 0) FROM items WHERE warehouse_id = warehouses.id) AS pieces
     FROM warehouses WHERE company_id = ? ORDER BY lower(name)`,
    company,
  );
}

/** The values of the form that adds a warehouse. */
export interface WarehouseContent {
  readonly name: string;
  /**
   * The id of an existing warehouse. Its items are copied to the new warehouse, each with the quantity 0. Null: no
   * items.
   */
  readonly copyItemsFrom: number | null;
}

/**
 * Adds a warehouse to a company. Returns its id.
 *
 * @throws FormError if another warehouse of the company has the name, or if `copyItemsFrom` belongs to another company.
 */
export async function addWarehouse(
  queries: Queries,
  company: number,
  { name, copyItemsFrom }: WarehouseContent,
): Promise<number> {
  if (copyItemsFrom !== null && (await findWarehouse(queries, copyItemsFrom))?.companyId !== company) {
    throw new FormError({ copyItemsFrom: "noSuchWarehouse" });
  }
  const id = await queries.insert(
    "INSERT INTO warehouses (company_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING",
    company,
    name,
  );
  if (id === null) throw new FormError({ name: "nameTaken" });
  if (copyItemsFrom !== null) {
    await queries.run(
      `INSERT INTO items (warehouse_id, sku, name, location, quantity, minimum)
       SELECT CAST(? AS INTEGER), sku, name, location, 0, minimum FROM items WHERE warehouse_id = ?`,
      id,
      copyItemsFrom,
    );
  }
  return id;
}
