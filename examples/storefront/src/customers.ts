import { randomUUID } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { CoatcheckError } from "coatcheck";
import { hashPassword, OWASP_COST, type PasswordCost, passwordMatches } from "./password.ts";

/** A customer, without the password. The id is the `subject` of the customer's sessions. */
export interface Customer {
  readonly id: string;
  readonly email: string;
  readonly name: string;
}

/** A demo account, which the shop creates at its first start. */
export interface DemoCustomer extends Omit<Customer, "id"> {
  readonly password: string;
}

export const DEMO_CUSTOMERS: readonly DemoCustomer[] = [
  { email: "customer@example.com", name: "Ada Example", password: "password123" },
  { email: "grace@example.com", name: "Grace Example", password: "password123" },
];

/** Stores the shop's customers. In a real shop, this is the user database. */
export class Customers {
  readonly #cost: PasswordCost;
  readonly #insert: StatementSync;
  readonly #remove: StatementSync;
  readonly #byId: StatementSync;
  readonly #byEmail: StatementSync;

  /** @param cost Default: OWASP's recommendation. Tests use a lower cost. */
  constructor(database: DatabaseSync, cost: PasswordCost = OWASP_COST) {
    this.#cost = cost;
    this.#insert = database.prepare(
      "INSERT INTO customers (id, email, name, password) VALUES (?, ?, ?, ?) ON CONFLICT (email) DO NOTHING",
    );
    this.#remove = database.prepare("DELETE FROM customers WHERE id = ?");
    this.#byId = database.prepare("SELECT id, email, name FROM customers WHERE id = ?");
    this.#byEmail = database.prepare("SELECT id, email, name, password FROM customers WHERE email = ?");
  }

  /** Creates the demo accounts that do not exist yet. */
  async addDemo(): Promise<void> {
    for (const customer of DEMO_CUSTOMERS) {
      if (!this.#byEmail.get(customer.email)) await this.register(customer);
    }
  }

  /**
   * Creates an account.
   *
   * @throws CoatcheckError `CONFLICT` if the e-mail address already has an account.
   */
  async register({ email, name, password }: DemoCustomer): Promise<Customer> {
    const customer = { id: `customer_${randomUUID()}`, email: normalizeEmail(email), name: name.trim() };
    const hash = await hashPassword(password, this.#cost);
    const { changes } = this.#insert.run(customer.id, customer.email, customer.name, hash);
    if (changes === 1) return customer;
    throw new CoatcheckError("CONFLICT", "This e-mail address already has an account. Log in instead.");
  }

  /**
   * Returns the customer with this e-mail address and password; null if the address is unknown or the password wrong.
   */
  async checkPassword(email: string, password: string): Promise<Customer | null> {
    const row = this.#byEmail.get(normalizeEmail(email));
    const matches = await passwordMatches(password, row ? String(row.password) : null, this.#cost);
    return matches && row ? toCustomer(row) : null;
  }

  /** Returns the customer with this id; null if there is none. */
  findById(id: string | null): Customer | null {
    const row = id === null ? undefined : this.#byId.get(id);
    return row ? toCustomer(row) : null;
  }

  /** Deletes an account with its orders. */
  remove(id: string): void {
    this.#remove.run(id);
  }
}

/** Normalizes an e-mail address, so that addresses in upper and lower case belong to the same account. */
function normalizeEmail(email: string): string {
  return email.trim().normalize("NFC").toLowerCase();
}

function toCustomer({ id, email, name }: Record<string, unknown>): Customer {
  return { id: String(id), email: String(email), name: String(name) };
}
