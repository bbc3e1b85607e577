import { randomUUID } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { CoatcheckError } from "coatcheck";
import { Passwords } from "./password.ts";

export const LANGUAGES = ["fr", "de", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

/** Somebody who can log in, as the page sees them. Their id is the subject of their sessions. */
export interface Account {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly language: Language | null;
}

/** What is said of a new account. */
export interface NewAccount extends Omit<Account, "id"> {
  readonly password: string;
}

/** SQLite's SQLITE_CONSTRAINT_UNIQUE (https://sqlite.org/rescode.html). */
const NOT_UNIQUE = 2067;

/** The shop's customers. A stand-in for the user database that an application has. */
export class Accounts {
  readonly #passwords: Passwords;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #byId: StatementSync;
  readonly #byEmail: StatementSync;

  constructor(database: DatabaseSync, passwords = new Passwords()) {
    this.#passwords = passwords;
    this.#insert = database.prepare(
      "INSERT INTO accounts (id, email, password, name, language) VALUES (?, ?, ?, ?, ?)",
    );
    this.#update = database.prepare("UPDATE accounts SET name = ?, language = ? WHERE id = ?");
    this.#byId = database.prepare("SELECT id, name, email, language FROM accounts WHERE id = ?");
    this.#byEmail = database.prepare(
      "SELECT id, name, email, language, password FROM accounts WHERE email = ?",
    );
  }

  /** @throws CoatcheckError `CONFLICT`, with a fault at `email`, for an address that has an account. */
  async create({ email, password, name, language }: NewAccount): Promise<Account> {
    const address = normalEmail(email);
    if (this.#byEmail.get(address)) throw taken();
    const id = randomUUID();
    const kept = await this.#passwords.hash(password);
    try {
      this.#insert.run(id, address, kept, name, language);
    } catch (error) {
      throw codeOf(error) === NOT_UNIQUE ? taken() : error;
    }
    return { id, name, email: address, language };
  }

  /** Whose e-mail and password these are; null, after the same time, for a wrong password and for an unknown e-mail. */
  async check(email: string, password: string): Promise<Account | null> {
    const row = this.#byEmail.get(normalEmail(email));
    const kept = row === undefined ? null : String(row.password);
    return (await this.#passwords.matches(password, kept)) && row ? accountOf(row) : null;
  }

  /** @throws CoatcheckError `SESSION_REVOKED` when there is no such account any more: its sessions are worth nothing. */
  get(id: string): Account {
    const row = this.#byId.get(id);
    if (row) return accountOf(row);
    throw new CoatcheckError("SESSION_REVOKED", "This account is no longer there.");
  }

  /** Changes what its holder may say of it. Throws as {@link get}. */
  change(id: string, change: Partial<Pick<Account, "name" | "language">>): Account {
    const account = { ...this.get(id), ...change };
    this.#update.run(account.name, account.language, id);
    return account;
  }
}

/** One spelling for each address: nobody has two accounts because of a capital letter. */
function normalEmail(email: string): string {
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

function taken(): CoatcheckError {
  return new CoatcheckError("CONFLICT", "There is an account with this e-mail already; log in.", {
    faults: [{ path: "email", message: "has an account already" }],
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "errcode" in error ? error.errcode : null;
}
