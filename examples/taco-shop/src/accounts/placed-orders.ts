import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Order, order } from "../backend-shapes.ts";

/** A page of the orders that an account has placed. */
export interface PlacedOrdersPage {
  /** Newest first. */
  readonly orders: Order[];
  /** The argument `before` of the next page; null on the last page. */
  readonly next: number | null;
}

/**
 * Stores every placed order in the shop's database. The backend returns placed orders only through the order session in
 * which they were placed. A copy outlives that session, so that an account can list all its orders.
 */
export class PlacedOrders {
  readonly #insert: StatementSync;
  readonly #selectPage: StatementSync;
  readonly #delete: StatementSync;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      "INSERT INTO placed_orders (session_id, number, content) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    );
    // CROSS JOIN makes SQLite start with the account's order sessions instead of all placed orders.
    this.#selectPage = database.prepare(
      `SELECT placed_orders.id, content
       FROM (SELECT session_id FROM account_orders WHERE account = :account
         UNION SELECT session_id FROM past_orders WHERE account = :account) AS own
       CROSS JOIN placed_orders ON placed_orders.session_id = own.session_id
       WHERE placed_orders.id < :before ORDER BY placed_orders.id DESC LIMIT :limit`,
    );
    this.#delete = database.prepare("DELETE FROM placed_orders WHERE session_id = ?");
  }

  /**
   * Stores the orders that are not stored yet.
   *
   * Ignores a failure, because these orders exist at the backend, so the request that placed or read them has
   * succeeded. The next request that reads them stores them.
   *
   * @param sessionId the order session in which the orders were placed.
   */
  addMissing(sessionId: string, orders: readonly Order[]): void {
    try {
      for (const each of orders) this.#insert.run(sessionId, each.number, JSON.stringify(each));
    } catch {
      // The database is busy.
    }
  }

  /**
   * Returns the orders that were placed in the order sessions of an account, newest first.
   *
   * @param before the `next` of the previous page; `Number.MAX_SAFE_INTEGER` for the first page.
   * @param limit the largest number of orders in the page.
   */
  list(account: string, before: number, limit: number): PlacedOrdersPage {
    const rows = this.#selectPage.all({ account, before, limit: limit + 1 });
    const shown = rows.slice(0, limit);
    const last = rows.length > limit ? shown.at(-1) : undefined;
    return {
      orders: shown.map(({ content }) => order.parse(JSON.parse(String(content)))),
      next: last === undefined ? null : Number(last.id),
    };
  }

  /** Deletes the records of the orders that were placed in an order session. */
  forget(sessionId: string): void {
    this.#delete.run(sessionId);
  }
}
