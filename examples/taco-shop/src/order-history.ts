import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type HistoryEntry, readEntry } from "./order-state.ts";

/**
 * Stores the complete history of every order in the shop's database. It has no limit, and outlives the order's session.
 *
 * The session contains the newest entries, because one write must store them together with the order's revision. After
 * each change, the shop copies them here. If a copy fails, the next change or read copies them: `addMissing` adds all
 * missing entries.
 */
export class OrderHistory {
  readonly #selectNewestNumber: StatementSync;
  readonly #insert: StatementSync;
  readonly #selectPage: StatementSync;
  readonly #delete: StatementSync;
  readonly #selectUnowned: StatementSync;

  constructor(database: DatabaseSync) {
    this.#selectNewestNumber = database.prepare(
      "SELECT max(number) AS number FROM order_history WHERE session_id = ?",
    );
    this.#insert = database.prepare(
      "INSERT INTO order_history (session_id, number, entry) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    );
    this.#selectPage = database.prepare(
      "SELECT entry FROM order_history WHERE session_id = ? AND number < ? ORDER BY number DESC LIMIT ?",
    );
    this.#delete = database.prepare("DELETE FROM order_history WHERE session_id = ?");
    this.#selectUnowned = database.prepare(
      `SELECT DISTINCT session_id FROM order_history WHERE session_id NOT IN (SELECT session_id FROM account_orders)
       AND session_id NOT IN (SELECT session_id FROM past_orders)`,
    );
  }

  /** Stores the entries that are not stored yet. */
  addMissing(orderId: string, entries: readonly HistoryEntry[]): void {
    const newest = Number(this.#selectNewestNumber.get(orderId)?.number ?? 0);
    for (const entry of entries) {
      if (entry.number > newest) this.#insert.run(orderId, entry.number, JSON.stringify(entry));
    }
  }

  /** Returns the newest `limit` entries with a number below `before`, oldest first. */
  read(orderId: string, before: number, limit: number): HistoryEntry[] {
    const rows = this.#selectPage.all(orderId, before, limit);
    return rows.map(({ entry }) => readEntry(JSON.parse(String(entry)))).reverse();
  }

  /** Deletes the history of an order. */
  forget(orderId: string): void {
    this.#delete.run(orderId);
  }

  /** Lists the ids of the orders that have a history and never belonged to an account. */
  listUnowned(): string[] {
    return this.#selectUnowned.all().map(({ session_id }) => String(session_id));
  }
}
