import { readCart } from "./api.ts";
import type { Cart, Kind } from "./wire.ts";

/**
 * Stores copies of the open orders' carts. The edits of an order are sent one after another. A change of quantity
 * shows immediately, before the response. A response updates the copy only when no later edit of the order is pending.
 */
export class Carts {
  #carts: ReadonlyMap<string, Cart> = new Map();
  /** The number of edits of each order that have no response yet. */
  readonly #pendingEdits = new Map<string, number>();
  /** The newest revision of each order that an event reported. */
  readonly #newestRevisions = new Map<string, number>();
  /** The last edit of each order. The next edit waits for it. */
  readonly #lastEdits = new Map<string, Promise<unknown>>();
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
    if (!this.#pendingEdits.get(id)) this.#store(cart);
    return cart;
  }

  /**
   * Records that the order has reached a revision, and reloads the cart if the copy is older and no edit is pending.
   */
  async noteRevision(id: string, revision: number): Promise<void> {
    this.#newestRevisions.set(id, Math.max(revision, this.#newestRevisions.get(id) ?? 0));
    await this.#reloadIfBehind(id);
  }

  async edit(id: string, send: () => Promise<Cart>): Promise<Cart> {
    this.#countPending(id, 1);
    const sent = (this.#lastEdits.get(id) ?? Promise.resolve()).then(send);
    this.#lastEdits.set(
      id,
      sent.catch(() => {}),
    );
    let isDone = false;
    try {
      const cart = await sent;
      if (this.#pendingEdits.get(id) === 1) this.#store(cart);
      isDone = true;
      return cart;
    } finally {
      this.#countPending(id, -1);
      // The edit failed. Reload the cart, because it already shows the new quantity.
      if (!isDone) this.#newestRevisions.set(id, Number.POSITIVE_INFINITY);
      this.#reloadIfBehind(id).catch(() => {});
    }
  }

  /** Shows a new quantity before the server has confirmed it. 0 removes the item. */
  showQuantity(id: string, kind: Kind, item: number, quantity: number): void {
    const cart = this.#carts.get(id);
    if (!cart) return;
    const updated = <Line extends Cart["tacos"][number] | Cart["extras"][number]>(lines: readonly Line[]) =>
      lines.flatMap((line) => {
        if (line.id !== item) return [line];
        return quantity === 0 ? [] : [{ ...line, quantity, total: quantity * line.unitPrice }];
      });
    const lines = kind === "tacos" ? { tacos: updated(cart.tacos) } : { [kind]: updated(cart[kind]) };
    const next = { ...cart, ...lines };
    const all = [...next.tacos, ...next.extras, ...next.drinks, ...next.desserts];
    const itemCount = all.reduce((sum, line) => sum + line.quantity, 0);
    const total = all.reduce((sum, line) => sum + line.total, 0);
    this.#show({ ...next, itemCount, total });
  }

  /** Removes the carts of all orders except these. */
  keepOnly(ids: readonly string[]): void {
    const remaining = [...this.#carts].filter(([id]) => ids.includes(id));
    if (remaining.length === this.#carts.size) return;
    this.#carts = new Map(remaining);
    for (const listener of this.#listeners) listener();
  }

  async #reloadIfBehind(id: string): Promise<void> {
    const isBehind = (this.#newestRevisions.get(id) ?? 0) > (this.#carts.get(id)?.revision ?? -1);
    if (!isBehind || this.#pendingEdits.get(id)) return;
    await this.read(id);
    this.#newestRevisions.delete(id);
  }

  #countPending(id: string, change: 1 | -1): void {
    this.#pendingEdits.set(id, (this.#pendingEdits.get(id) ?? 0) + change);
  }

  #store(cart: Cart): void {
    const known = this.#carts.get(cart.sessionId);
    if (!known || cart.revision >= known.revision) this.#show(cart);
  }

  #show(cart: Cart): void {
    this.#carts = new Map(this.#carts).set(cart.sessionId, cart);
    for (const listener of this.#listeners) listener();
  }
}
