import { randomUUID } from "node:crypto";
import type { Clock, SessionManager } from "coatcheck";
import { provesNoBackendChange } from "./backend-error.ts";
import { type Access, requireCurrentRole, withEndedAsNotFound } from "./order-access.ts";
import type { OrderHistory } from "./order-history.ts";
import {
  type IntendedChange,
  type Item,
  type OrderState,
  orderOf,
  type Role,
  withEntry,
  withOrder,
  withOutcome,
  withPendingChange,
} from "./order-state.ts";

/** The kind of change and the affected item, for the history. */
export interface ChangeDetails {
  readonly what: IntendedChange["what"];
  readonly item?: Item;
}

/** The result of a successful change at the backend. */
export interface ChangeResult<Value> {
  readonly value: Value;
  /** The item that the change added or affected. */
  readonly item?: Item | undefined;
  /** The number of the order that the change placed. */
  readonly order?: number;
  /** Returns the order's state with an additional change, which is stored in the same write as the outcome. */
  readonly changeState?: (order: OrderState) => OrderState;
}

/**
 * Changes orders and records who did what in their history.
 *
 * The cart is stored at the backend, so no transaction covers both the cart and the history. A change of the cart takes
 * two writes to the session, each a compare-and-set: the first stores the change as pending before the request to the
 * backend, the second moves it to the history with its outcome. If the process dies in between, the pending change
 * remains and later becomes a history entry with the outcome `unknown`. A change of the shop's own state is one write.
 */
export class Changes {
  readonly #manager: SessionManager;
  readonly #history: OrderHistory;
  readonly #clock: Clock;

  constructor(manager: SessionManager, history: OrderHistory, clock: Clock) {
    this.#manager = manager;
    this.#history = history;
    this.#clock = clock;
  }

  /**
   * Performs a change at the backend and records its outcome. The two are not atomic: see the comment on the class.
   *
   * @param options the change; `minRole`: the lowest role that is sufficient. `ifRevision`: the revision that the order
   * must have, or null for any.
   * @param send sends the request to the backend.
   * @returns the value of `send`, and the order's revision after the change.
   * @throws CoatcheckError `CONFLICT` when the order has another revision, `FORBIDDEN` when the caller has lost the
   * role; in both cases nothing is changed. Also throws the errors of `send`.
   */
  async changeAtBackend<Value>(
    access: Access,
    options: ChangeDetails & { readonly minRole: Role; readonly ifRevision: number | null },
    send: () => Promise<ChangeResult<Value>>,
  ): Promise<{ value: Value; revision: number }> {
    const { minRole, ifRevision, ...details } = options;
    const { id } = access.record;
    const change: IntendedChange = { at: this.#clock.now(), who: access.who, ...details };
    const changeId = randomUUID();
    await this.#write(id, (order) => {
      requireCurrentRole(access, order, minRole);
      return withPendingChange(order, changeId, change, ifRevision);
    });
    let result: ChangeResult<Value>;
    try {
      result = await send();
    } catch (error) {
      const outcome = provesNoBackendChange(error) ? "refused" : "unknown";
      // If this write fails too, the pending change later gets the outcome `unknown`. Throw the error of `send`, not
      // the error of the write.
      await this.#write(id, (order) => withOutcome(order, changeId, change, outcome)).catch(() => {});
      throw error;
    }
    const { value, item, order: number, changeState = (order: OrderState) => order } = result;
    const completed: IntendedChange = {
      ...change,
      ...(item === undefined ? {} : { item }),
      ...(number === undefined ? {} : { order: number }),
    };
    const { revision } = await this.#write(id, (order) =>
      changeState(withOutcome(order, changeId, completed, "done")),
    );
    return { value, revision };
  }

  /**
   * Changes the shop's own state of an order and adds the history entry, in one atomic write.
   *
   * @param change returns the new state; `now` is in epoch milliseconds.
   * @throws CoatcheckError `FORBIDDEN` when the caller has lost the role. Also throws the errors of `change`.
   */
  async changeInSession(
    access: Access,
    options: ChangeDetails & { readonly minRole: Role },
    change: (order: OrderState, now: number) => OrderState,
  ): Promise<OrderState> {
    const { minRole, ...details } = options;
    const at = this.#clock.now();
    return await this.#write(access.record.id, (order) => {
      requireCurrentRole(access, order, minRole);
      return withEntry(change(order, at), { at, who: access.who, ...details });
    });
  }

  async #write(id: string, change: (order: OrderState) => OrderState): Promise<OrderState> {
    const update = () => this.#manager.update(id, (data) => withOrder(data, change));
    const order = orderOf((await withEndedAsNotFound(id, update)).data);
    try {
      this.#history.addMissing(id, order.history);
    } catch {
      // The database is busy. The session contains the entries, and the next change or read copies them.
    }
    return order;
  }
}
