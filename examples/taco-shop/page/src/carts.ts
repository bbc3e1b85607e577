import { readCart } from "./api.ts";
import type { Cart, Kind } from "./wire.ts";

/**
 * The carts of the open orders, as last heard. Edits of one order go out one after the other, and show at once where
 * their outcome can be foreseen; what comes back counts when none is on its way any more.
 */
export class Carts {
  #carts: ReadonlyMap<string, Cart> = new Map();
  readonly #onTheWay = new Map<string, number>();
  readonly #newest = new Map<string, number>();
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): ReadonlyMap<string, Cart> => this.#carts;

  get(id: string): Cart | undefined {
    return this.#carts.get(id);
  }

  async read(id: string): Promise<Cart> {
    const cart = await readCart(id);
    if (!this.#onTheWay.get(id)) this.#keep(cart);
    return cart;
  }

  /** The order has come to this revision: its cart is read anew unless it is known already, or about to be. */
  async heard(id: string, revision: number): Promise<void> {
    this.#newest.set(id, Math.max(revision, this.#newest.get(id) ?? 0));
    await this.#catchUp(id);
  }

  async edit(id: string, send: () => Promise<Cart>): Promise<Cart> {
    this.#count(id, 1);
    const sent = (this.#last.get(id) ?? Promise.resolve()).then(send);
    this.#last.set(
      id,
      sent.catch(() => {}),
    );
    let isDone = false;
    try {
      const cart = await sent;
      if (this.#onTheWay.get(id) === 1) this.#keep(cart);
      isDone = true;
      return cart;
    } finally {
      this.#count(id, -1);
      // What was foreseen did not happen.
      if (!isDone) this.#newest.set(id, Number.POSITIVE_INFINITY);
      this.#catchUp(id).catch(() => {});
    }
  }

  /** Shows a quantity before the shop has confirmed it; 0 is out of the cart. */
  foresee(id: string, kind: Kind, item: number, quantity: number): void {
    const cart = this.#carts.get(id);
    if (!cart) return;
    const counted = <Line extends Cart["tacos"][number] | Cart["extras"][number]>(lines: readonly Line[]) =>
      lines.flatMap((line) => {
        if (line.id !== item) return [line];
        return quantity === 0 ? [] : [{ ...line, quantity, total: quantity * line.unitPrice }];
      });
    const lines = kind === "tacos" ? { tacos: counted(cart.tacos) } : { [kind]: counted(cart[kind]) };
    const next = { ...cart, ...lines };
    const all = [...next.tacos, ...next.extras, ...next.drinks, ...next.desserts];
    const itemCount = all.reduce((sum, line) => sum + line.quantity, 0);
    const total = all.reduce((sum, line) => sum + line.total, 0);
    this.#show({ ...next, itemCount, total });
  }

  /** Forgets what is in all other orders. */
  keepOnly(ids: readonly string[]): void {
    const kept = [...this.#carts].filter(([id]) => ids.includes(id));
    if (kept.length === this.#carts.size) return;
    this.#carts = new Map(kept);
    for (const listener of this.#listeners) listener();
  }

  async #catchUp(id: string): Promise<void> {
    const isBehind = (this.#newest.get(id) ?? 0) > (this.#carts.get(id)?.revision ?? -1);
    if (!isBehind || this.#onTheWay.get(id)) return;
    await this.read(id);
    this.#newest.delete(id);
  }

  #count(id: string, change: 1 | -1): void {
    this.#onTheWay.set(id, (this.#onTheWay.get(id) ?? 0) + change);
  }

  #keep(cart: Cart): void {
    const known = this.#carts.get(cart.sessionId);
    if (!known || cart.revision >= known.revision) this.#show(cart);
  }

  #show(cart: Cart): void {
    this.#carts = new Map(this.#carts).set(cart.sessionId, cart);
    for (const listener of this.#listeners) listener();
  }
}
