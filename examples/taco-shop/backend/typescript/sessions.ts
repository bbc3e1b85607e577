import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Cart, type StoredCart } from "./cart.ts";
import { readJson, writeJson } from "./files.ts";

/** The name that PHP gives its cookie. */
const COOKIE = "PHPSESSID";

/** What the shop knows of a visitor. */
export interface Visitor {
  readonly id: string;
  /** Whether the cookie has yet to be set. */
  readonly isNew: boolean;
  token: string;
  cart: Cart;
  /** Numbers of the orders placed, oldest first. */
  readonly orders: number[];
}

/** The visitors' sessions, a file each, as PHP keeps them. An id that was not given out here opens nothing. */
export class Sessions {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = join(folder, "visitors");
    mkdirSync(this.#folder, { recursive: true });
  }

  open(cookies: string): Visitor {
    const [, id] = new RegExp(`(?:^|; ?)${COOKIE}=([a-f0-9]{32})(?:;|$)`).exec(cookies) ?? [];
    const stored = id && readJson<{ token: string; cart: StoredCart; orders: number[] }>(this.#fileOf(id));
    if (id && stored) return { id, isNew: false, ...stored, cart: new Cart(stored.cart) };
    const visitor = { id: randomBytes(16).toString("hex"), isNew: true, token: newToken(), cart: new Cart() };
    return { ...visitor, orders: [] };
  }

  save({ id, token, cart, orders }: Visitor): void {
    writeJson(this.#fileOf(id), { token, cart: cart.stored, orders });
  }

  cookieOf({ id }: Visitor): string {
    return `${COOKIE}=${id}; path=/; HttpOnly; SameSite=Lax`;
  }

  #fileOf(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}

export function newToken(): string {
  return randomBytes(20).toString("hex");
}
