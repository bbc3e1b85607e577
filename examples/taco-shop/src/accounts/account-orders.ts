import type { DatabaseSync, StatementSync } from "node:sqlite";

/**
 * Stores which orders each account owns, and which orders it has joined. At most one account owns an order, and an
 * order never moves to another account.
 */
export class AccountOrders {
  readonly #insertOwn: StatementSync;
  readonly #selectAccount: StatementSync;
  readonly #selectOwnerName: StatementSync;
  readonly #selectNewest: StatementSync;
  readonly #selectPastAccount: StatementSync;
  readonly #insertPastOrder: StatementSync;
  readonly #deleteOwn: StatementSync;
  readonly #deleteJoined: StatementSync;
  readonly #insertJoined: StatementSync;
  readonly #selectJoined: StatementSync;

  constructor(database: DatabaseSync) {
    this.#insertOwn = database.prepare(
      "INSERT INTO account_orders (account, session_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
    );
    this.#selectAccount = database.prepare("SELECT account FROM account_orders WHERE session_id = ?");
    this.#selectOwnerName = database.prepare(
      "SELECT name FROM accounts JOIN account_orders ON accounts.id = account WHERE session_id = ?",
    );
    this.#selectNewest = database.prepare(
      "SELECT session_id FROM account_orders WHERE account = ? ORDER BY number DESC LIMIT ?",
    );
    this.#selectPastAccount = database.prepare("SELECT account FROM past_orders WHERE session_id = ?");
    this.#insertPastOrder = database.prepare(
      `INSERT INTO past_orders (session_id, account) SELECT session_id, account FROM account_orders WHERE session_id = ?
       ON CONFLICT DO NOTHING`,
    );
    this.#deleteOwn = database.prepare("DELETE FROM account_orders WHERE session_id = ?");
    this.#deleteJoined = database.prepare("DELETE FROM joined_orders WHERE session_id = ?");
    this.#insertJoined = database.prepare("REPLACE INTO joined_orders (account, session_id) VALUES (?, ?)");
    this.#selectJoined = database.prepare(
      "SELECT session_id FROM joined_orders WHERE account = ? ORDER BY number DESC LIMIT ?",
    );
  }

  /** Assigns an order to an account. Does nothing if the order already belongs to an account. */
  claim(account: string, orderId: string): void {
    this.#insertOwn.run(account, orderId);
  }

  /** Returns the id of the account that owns the order; null if a browser or an API consumer owns it. */
  accountOf(orderId: string): string | null {
    const row = this.#selectAccount.get(orderId);
    return row === undefined ? null : String(row.account);
  }

  /** Returns the ids of the account's newest orders, newest first. Some of these orders may have ended. */
  listNewest(account: string, max: number): string[] {
    return this.#selectNewest.all(account, max).map(({ session_id }) => String(session_id));
  }

  /** Returns the name of the account that owns the order; null if the order belongs to no account. */
  ownerName(orderId: string): string | null {
    const row = this.#selectOwnerName.get(orderId);
    return row === undefined ? null : String(row.name);
  }

  /** Returns the id of the account that owns the order, or owned it before its session was deleted. */
  currentOrPastAccountOf(orderId: string): string | null {
    const row = this.#selectPastAccount.get(orderId);
    return row === undefined ? this.accountOf(orderId) : String(row.account);
  }

  /**
   * Removes an order from the lists after its session was deleted. The order's account stays stored, because the
   * account may still read the history.
   */
  forget(orderId: string): void {
    this.#insertPastOrder.run(orderId);
    this.#deleteOwn.run(orderId);
    this.#deleteJoined.run(orderId);
  }

  /** Records that the account has joined an order of another owner. */
  join(account: string, orderId: string): void {
    this.#insertJoined.run(account, orderId);
  }

  /**
   * Returns the ids of the orders that the account has joined, newest last. The account may no longer be a guest of
   * some of these orders.
   */
  listJoined(account: string, max: number): string[] {
    return this.#selectJoined
      .all(account, max)
      .map(({ session_id }) => String(session_id))
      .reverse();
  }
}
