import { CoatcheckError } from "coatcheck";
import type { Database } from "./database/database.ts";
import { forbiddenError } from "./forbidden.ts";
import type { User } from "./people.ts";

/** The largest value of PostgreSQL's type `integer`, which is the type of an item's id. */
const MAX_ID = 2 ** 31 - 1;

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
  /** Whether to omit the items that are not below their minimum. */
  readonly low: boolean;
}

/** Returns the items of a warehouse that match the filter, sorted by item number. */
export async function listItems(
  database: Database,
  warehouse: number,
  { text, low }: StockFilter,
): Promise<readonly Item[]> {
  const pattern = `%${text.replace(/[\\%_]/g, "\\$&")}%`;
  return await database.all<Item>(
    `SELECT id, sku, name, location, quantity, minimum FROM items
     WHERE warehouse_id = ? AND (lower(name) LIKE lower(?) ESCAPE '\\' OR lower(sku) LIKE lower(?) ESCAPE '\\')
       AND (CAST(? AS INTEGER) = 0 OR quantity < minimum) ORDER BY sku`,
    warehouse,
    pattern,
    pattern,
    low ? 1 : 0,
  );
}

/** Returns the totals that are shown above the list of items. */
export async function readStockFigures(database: Database, warehouse: number) {
  return (
    (await database.one<{ items: number; low: number; pieces: number }>(
      `SELECT count(*) AS items, count(*) FILTER (WHERE quantity < minimum) AS low,
         coalesce(sum(quantity), 0) AS pieces FROM items WHERE warehouse_id = ?`,
      warehouse,
    )) ?? { items: 0, low: 0, pieces: 0 }
  );
}

/** A recorded change of an item's quantity, as the list of changes shows it. */
export interface Movement {
  readonly id: number;
  readonly item: string;
  readonly user: string;
  /** The administrator who acted for the user; null if the user made the change. */
  readonly actor: string | null;
  readonly change: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Returns the latest quantity changes in a warehouse. */
export async function listMovements(database: Database, warehouse: number): Promise<readonly Movement[]> {
  return await database.all<Movement>(
    `SELECT movements.id, items.name AS item, users.name AS "user", actors.name AS actor, change, at FROM movements
     JOIN items ON items.id = item_id JOIN users ON users.id = movements.user_id
     LEFT JOIN movement_actors ON movement_id = movements.id
     LEFT JOIN users AS actors ON actors.id = movement_actors.user_id
     WHERE items.warehouse_id = ? ORDER BY movements.id DESC LIMIT 12`,
    warehouse,
  );
}

/** A change of the quantity of an item. */
export interface StockChange {
  readonly item: number;
  /** The administrator who acts for the user. */
  readonly actor: string | null;
  readonly change: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/**
 * Changes the quantity of an item for a user. Returns the new quantity.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` for numbers that are not whole, `FORBIDDEN` for an item in a warehouse
 *   that the user may not enter, `CONFLICT` if the quantity would fall below zero.
 */
export async function adjustItem(
  database: Database,
  user: Pick<User, "id" | "warehouses">,
  stock: StockChange,
): Promise<number> {
  const { item, actor, change, at } = stock;
  if (
    !Number.isSafeInteger(item) ||
    !Number.isSafeInteger(change) ||
    Math.abs(change) > 10_000 ||
    item > MAX_ID
  ) {
    throw new CoatcheckError("VALIDATION_FAILED", "Item and change must be whole numbers.");
  }
  const place = await database.one<{ id: number }>("SELECT warehouse_id AS id FROM items WHERE id = ?", item);
  if (!user.warehouses.some(({ id }) => id === place?.id)) throw forbiddenError();
  return await database.transaction(async (queries) => {
    const changed = await queries.one<{ quantity: number }>(
      "UPDATE items SET quantity = quantity + ? WHERE id = ? AND quantity + ? >= 0 RETURNING quantity",
      change,
      item,
      change,
    );
    if (changed === null)
      throw new CoatcheckError("CONFLICT", "The quantity of an item cannot fall below zero.");
    const sql = "INSERT INTO movements (item_id, user_id, change, at) VALUES (?, ?, ?, ?)";
    const id = await queries.insert(sql, item, Number(user.id), change, at);
    if (actor !== null) await queries.run("INSERT INTO movement_actors VALUES (?, ?)", id, Number(actor));
    return changed.quantity;
  });
}
