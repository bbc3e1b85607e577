import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Cart, type StoredCart } from "./cart.ts";
import { readJson, writeJson } from "./files.ts";

/** The cookie name of PHP sessions. */
const COOKIE_NAME = "PHPSESSID";

/** The session of a visitor. */
export interface Visitor {
  readonly id: string;
  /** Whether the response must set the cookie. */
  readonly isNew: boolean;
  token: string;
  cart: Cart;
  /** The numbers of the visitor's orders, oldest first. */
  readonly orders: number[];
}

/**
 * Stores the sessions of all visitors, in one file each, as PHP does. A visitor with an unknown session id receives a
 * new session.
 */
export class Sessions {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = join(folder, "visitors");
    mkdirSync(this.#folder, { recursive: true });
  }

  open(cookies: string): Visitor {
    const [, id] = new RegExp(`(?:^|; ?)${COOKIE_NAME}=([a-f0-9]{32})(?:;|$)`).exec(cookies) ?? [];
    const stored = id && readJson<{ token: string; cart: StoredCart; orders: number[] }>(this.#fileOf(id));
    if (id && stored) return { id, isNew: false, ...stored, cart: new Cart(stored.cart) };
    const visitor = { id: randomBytes(16).toString("hex"), isNew: true, token: newToken(), cart: new Cart() };
    return { ...visitor, orders: [] };
  }

  save({ id, token, cart, orders }: Visitor): void {
    writeJson(this.#fileOf(id), { token, cart: cart.stored, orders });
  }

  cookieOf({ id }: Visitor): string {
    return `${COOKIE_NAME}=${id}; path=/; HttpOnly; SameSite=Lax`;
  }

  #fileOf(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}

export function newToken(): string {
  return randomBytes(20).toString("hex");
}
