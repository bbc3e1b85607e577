import { CoatcheckError } from "coatcheck";
import type { Database } from "./database.ts";

/** A warehouse of a company. */
export interface Warehouse {
  readonly id: number;
  readonly companyId: number;
  readonly name: string;
}

/** Returns a warehouse; null if it does not exist. */
export function findWarehouse(database: Database, id: number): Warehouse | null {
  return database.one<Warehouse>("SELECT id, company_id AS companyId, name FROM warehouses WHERE id = ?", id);
}

/** Returns the warehouses of a company, sorted by name. */
export function listWarehouses(database: Database, company: number): readonly Warehouse[] {
  return database.all<Warehouse>(
    "SELECT id, company_id AS companyId, name FROM warehouses WHERE company_id = ? ORDER BY name",
    company,
  );
}

/** An item in a warehouse. */
export interface Item {
  readonly id: number;
  readonly sku: string;
  readonly name: string;
  readonly location: string;
  readonly quantity: number;
  readonly minimum: number;
}

/** Selects the items to list. */
export interface StockFilter {
  /** A part of the item's name or number. */
  readonly text: string;
  /** Whether to list only the items below their minimum. */
  readonly low: boolean;
}

/** Returns the items of a warehouse that match the filter, sorted by item number. */
export function listItems(
  database: Database,
  warehouse: number,
  { text, low }: StockFilter,
): readonly Item[] {
  const pattern = `%${text.replace(/[\\%_]/g, "\\$&")}%`;
  return database.all<Item>(
    `SELECT id, sku, name, location, quantity, minimum FROM items
     WHERE warehouse_id = ? AND (name LIKE ? ESCAPE '\\' OR sku LIKE ? ESCAPE '\\')
       AND (? = 0 OR quantity < minimum) ORDER BY sku`,
    warehouse,
    pattern,
    pattern,
    low ? 1 : 0,
  );
}

/** Returns the totals that are shown above the list of items. */
export function stockFigures(database: Database, warehouse: number) {
  return (
    database.one<{ items: number; low: number; pieces: number }>(
      `SELECT count(*) AS items, sum(quantity < minimum) AS low, sum(quantity) AS pieces
       FROM items WHERE warehouse_id = ?`,
      warehouse,
    ) ?? { items: 0, low: 0, pieces: 0 }
  );
}

/** A recorded change of an item's quantity, as the list of changes shows it. */
export interface Movement {
  readonly id: number;
  readonly item: string;
  readonly user: string;
  readonly change: number;
  readonly at: number;
}

/** Returns the latest quantity changes in a warehouse. */
export function listMovements(database: Database, warehouse: number): readonly Movement[] {
  return database.all<Movement>(
    `SELECT movements.id, items.name AS item, users.name AS user, change, at FROM movements
     JOIN items ON items.id = item_id JOIN users ON users.id = user_id
     WHERE items.warehouse_id = ? ORDER BY movements.id DESC LIMIT 12`,
    warehouse,
  );
}

/** The input of `changeStock()`. */
export interface StockChange {
  readonly item: number;
  readonly user: string;
  readonly change: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Returns the id of an item's warehouse; null if the item does not exist. */
export function warehouseOf(database: Database, item: number): number | null {
  return database.one<{ id: number }>("SELECT warehouse_id AS id FROM items WHERE id = ?", item)?.id ?? null;
}

/**
 * Changes the quantity of an item.
 *
 * @throws CoatcheckError `CONFLICT` if the quantity would fall below zero.
 */
export function changeStock(database: Database, { item, user, change, at }: StockChange): void {
  database.transaction(() => {
    const { changes } = database.run(
      "UPDATE items SET quantity = quantity + ?1 WHERE id = ?2 AND quantity + ?1 >= 0",
      change,
      item,
    );
    if (changes === 0)
      throw new CoatcheckError("CONFLICT", "The quantity of an item cannot fall below zero.");
    const sql = "INSERT INTO movements (item_id, user_id, change, at) VALUES (?, ?, ?, ?)";
    database.run(sql, item, user, change, at);
  });
}
