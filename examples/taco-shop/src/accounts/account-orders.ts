import type { DatabaseSync, StatementSync } from "node:sqlite";

/**
 * Which orders belong to an account, whatever browser they were begun in, and which of others its holder has joined. An
 * order belongs to one account, and to that one for good.
 */
export class AccountOrders {
  readonly #claim: StatementSync;
  readonly #accountOf: StatementSync;
  readonly #newest: StatementSync;
  readonly #forgetOwn: StatementSync;
  readonly #forgetJoined: StatementSync;
  readonly #join: StatementSync;
  readonly #joined: StatementSync;

  constructor(database: DatabaseSync) {
    this.#claim = database.prepare(
      "INSERT INTO account_orders (account, session_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
    );
    this.#accountOf = database.prepare("SELECT account FROM account_orders WHERE session_id = ?");
    this.#newest = database.prepare(
      "SELECT session_id FROM account_orders WHERE account = ? ORDER BY number DESC LIMIT ?",
    );
    this.#forgetOwn = database.prepare("DELETE FROM account_orders WHERE session_id = ?");
    this.#forgetJoined = database.prepare("DELETE FROM joined_orders WHERE session_id = ?");
    this.#join = database.prepare("REPLACE INTO joined_orders (account, session_id) VALUES (?, ?)");
    this.#joined = database.prepare(
      "SELECT session_id FROM joined_orders WHERE account = ? ORDER BY number DESC LIMIT ?",
    );
  }

  /** Gives an order to an account; one that has an account already stays there. */
  claim(account: string, orderId: string): void {
    this.#claim.run(account, orderId);
  }

  /** Whose the order is; null for one of a browser, or of an API consumer. */
  accountOf(orderId: string): string | null {
    const row = this.#accountOf.get(orderId);
    return row === undefined ? null : String(row.account);
  }

  /** The orders that the account came by last, newest first. They may have ended since. */
  newest(account: string, most: number): string[] {
    return this.#newest.all(account, most).map(({ session_id }) => String(session_id));
  }

  /** An order that is no longer there. */
  forget(orderId: string): void {
    this.#forgetOwn.run(orderId);
    this.#forgetJoined.run(orderId);
  }

  /** Notes an order of somebody else that the account was let into. */
  join(account: string, orderId: string): void {
    this.#join.run(account, orderId);
  }

  /** The orders of others that the account was let into last, newest last. It may have been shut out since. */
  joined(account: string, most: number): string[] {
    return this.#joined
      .all(account, most)
      .map(({ session_id }) => String(session_id))
      .reverse();
  }
}
