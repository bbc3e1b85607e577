import { randomUUID } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { CoatcheckError } from "coatcheck";
import { PasswordHasher } from "./password.ts";

export const LANGUAGES = ["fr", "de", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

/** The account of a customer. It does not contain the password. The id is the `subject` of the customer's sessions. */
export interface Account {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly language: Language | null;
}

/** Fields of a new account. */
export interface NewAccount extends Omit<Account, "id"> {
  readonly password: string;
}

/** SQLite's SQLITE_CONSTRAINT_UNIQUE (https://sqlite.org/rescode.html). */
const SQLITE_CONSTRAINT_UNIQUE = 2067;

/** Stores the shop's customer accounts. In a real application, this is the user database. */
export class Accounts {
  readonly #passwordHasher: PasswordHasher;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #byId: StatementSync;
  readonly #byEmail: StatementSync;

  constructor(database: DatabaseSync, passwordHasher = new PasswordHasher()) {
    this.#passwordHasher = passwordHasher;
    this.#insert = database.prepare(
      "INSERT INTO accounts (id, email, password, name, language) VALUES (?, ?, ?, ?, ?)",
    );
    this.#update = database.prepare("UPDATE accounts SET name = ?, language = ? WHERE id = ?");
    this.#byId = database.prepare("SELECT id, name, email, language FROM accounts WHERE id = ?");
    this.#byEmail = database.prepare(
      "SELECT id, name, email, language, password FROM accounts WHERE email = ?",
    );
  }

  /**
   * Creates an account.
   *
   * @throws CoatcheckError `CONFLICT`, with a fault at `email`, if the address already has an account.
   */
  async create({ email, password, name, language }: NewAccount): Promise<Account> {
    const address = normalizeEmail(email);
    if (this.#byEmail.get(address)) throw emailTakenError();
    const id = randomUUID();
    const passwordHash = await this.#passwordHasher.hash(password);
    try {
      this.#insert.run(id, address, passwordHash, name, language);
    } catch (error) {
      throw errorCodeOf(error) === SQLITE_CONSTRAINT_UNIQUE ? emailTakenError() : error;
    }
    return { id, name, email: address, language };
  }

  /**
   * Returns the account with this e-mail address and password. Returns null for a wrong password and
   * for an unknown address, after the same time, so that the response does not reveal which addresses have an account.
   */
  async checkPassword(email: string, password: string): Promise<Account | null> {
    const row = this.#byEmail.get(normalizeEmail(email));
    const passwordHash = row === undefined ? null : String(row.password);
    return (await this.#passwordHasher.matches(password, passwordHash)) && row ? accountOf(row) : null;
  }

  /**
   * Returns an account.
   *
   * @throws CoatcheckError `SESSION_REVOKED` if it no longer exists: sessions of a deleted account are invalid.
   */
  get(id: string): Account {
    const row = this.#byId.get(id);
    if (row) return accountOf(row);
    throw new CoatcheckError("SESSION_REVOKED", "This account was deleted. Log in with another account.");
  }

  /** Changes name or language. Throws the same errors as {@link get}. */
  change(id: string, change: Partial<Pick<Account, "name" | "language">>): Account {
    const account = { ...this.get(id), ...change };
    this.#update.run(account.name, account.language, id);
    return account;
  }
}

/** Normalizes an e-mail address, so that addresses in upper and lower case belong to the same account. */
function normalizeEmail(email: string): string {
  return email.trim().normalize("NFC").toLowerCase();
}

function accountOf({ id, name, email, language }: Record<string, unknown>): Account {
  return {
    id: String(id),
    name: String(name),
    email: String(email),
    language: LANGUAGES.find((each) => each === language) ?? null,
  };
}

function emailTakenError(): CoatcheckError {
  return new CoatcheckError("CONFLICT", "This e-mail address already has an account. Log in instead.", {
    faults: [{ path: "email", message: "already has an account" }],
  });
}

function errorCodeOf(error: unknown): unknown {
  return error instanceof Error && "errcode" in error ? error.errcode : null;
}
