import { randomUUID } from "node:crypto";
import type { Clock, SessionManager } from "coatcheck";
import { type Access, requireStill, whileThere } from "./access.ts";
import { isRefusal } from "./backend-refusal.ts";
import {
  announced,
  type Intent,
  type Item,
  noted,
  type OrderState,
  orderIn,
  type Role,
  settled,
  withOrder,
} from "./order-state.ts";

/** What somebody is about to do to an order. */
export interface Deed {
  readonly what: Intent["what"];
  readonly item?: Item;
}

/** What came of a change at the backend. */
export interface Done<Value> {
  readonly value: Value;
  /** The item or the order that the backend gave a number. */
  readonly item?: Item | undefined;
  readonly order?: number;
  /** What else is to be kept of the change, in the same step. */
  readonly keep?: (order: OrderState) => OrderState;
}

/**
 * Changes orders, and writes down who did what.
 *
 * The cart is in somebody else's backend, so no transaction spans it and the history. A change therefore takes two
 * steps on the session, each one compare-and-set: it is announced before the backend is asked, and ends with its
 * outcome in the history when the backend has answered. If the process dies in between, the announcement is still
 * there, and later becomes an entry with the outcome `unknown`. A change of what the shop itself keeps is one step.
 */
export class Changes {
  readonly #manager: SessionManager;
  readonly #clock: Clock;

  constructor(manager: SessionManager, clock: Clock) {
    this.#manager = manager;
    this.#clock = clock;
  }

  /**
   * Changes something at the backend.
   *
   * @param ifRevision only if the order is still at this revision; null if the caller does not care.
   * @throws CoatcheckError `CONFLICT` when it is not, `FORBIDDEN` when the caller was shut out meanwhile; nothing is then
   * changed. And what `ask` throws.
   */
  async atBackend<Value>(
    access: Access,
    deed: Deed & { readonly least: Role; readonly ifRevision: number | null },
    ask: () => Promise<Done<Value>>,
  ): Promise<{ value: Value; revision: number }> {
    const { least, ifRevision, ...what } = deed;
    const { id } = access.record;
    const change: Intent = { at: this.#clock.now(), who: access.who, ...what };
    const changeId = randomUUID();
    await this.#write(id, (order) => {
      requireStill(access, order, least);
      return announced(order, changeId, change, ifRevision);
    });
    let done: Done<Value>;
    try {
      done = await ask();
    } catch (error) {
      const outcome = isRefusal(error) ? "refused" : "unknown";
      // If not even this can be written, the announcement says so in time; the caller must hear what went wrong first.
      await this.#write(id, (order) => settled(order, changeId, change, outcome)).catch(() => {});
      throw error;
    }
    const { value, item, order: number, keep = (order: OrderState) => order } = done;
    const ended: Intent = {
      ...change,
      ...(item === undefined ? {} : { item }),
      ...(number === undefined ? {} : { order: number }),
    };
    const { revision } = await this.#write(id, (order) => keep(settled(order, changeId, ended, "done")));
    return { value, revision };
  }

  /** Changes what the shop itself keeps of an order, together with its entry in the history, in one step. */
  async here(
    access: Access,
    deed: Deed & { readonly least: Role },
    change: (order: OrderState, now: number) => OrderState,
  ): Promise<OrderState> {
    const { least, ...what } = deed;
    const at = this.#clock.now();
    return await this.#write(access.record.id, (order) => {
      requireStill(access, order, least);
      return noted(change(order, at), { at, who: access.who, ...what });
    });
  }

  async #write(id: string, change: (order: OrderState) => OrderState): Promise<OrderState> {
    const update = () => this.#manager.update(id, (data) => withOrder(data, change));
    return orderIn((await whileThere(id, update)).data);
  }
}
