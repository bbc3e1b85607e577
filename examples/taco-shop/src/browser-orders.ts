import type { Session, SessionManager, SessionRecord } from "coatcheck";
import { type Caller, type OwnedSessions, ownerOf } from "coatcheck-server";
import type { AccountOrders } from "./accounts/account-orders.ts";
import type { JoinedOrders } from "./joined-orders.ts";
import { type Access, ignoreEnded, type OrderAccess, SHOP_OWNER } from "./order-access.ts";

/** The largest number of orders in a list. */
const MAX_LISTED = 100;
const DAY = 24 * 60 * 60_000;
/**
 * The minimum lifetime of a browser's order after its last change or login, in milliseconds. An order must outlive the
 * login session, so that the customer finds the order after the next login. `abandonedOrdersJob` ends the orders of
 * browsers that never log in.
 */
export const ORDER_LIFETIME = 90 * DAY;
/** The absolute timeout of an order, in milliseconds: 25 years, which is the maximum. Only inactivity ends an order. */
const NO_AGE_LIMIT = 25 * 365 * DAY;
/** The name and metadata that mark a default order. */
const DEFAULT_ORDER = { name: "default", metadata: { type: "default" } } as const;

/** Fields of a new order session. */
export interface NewOrder {
  readonly metadata?: NonNullable<Parameters<SessionManager["create"]>[0]>["metadata"];
  readonly name?: string;
}

interface BrowserOrdersDependencies {
  readonly manager: SessionManager;
  readonly ownedSessions: OwnedSessions;
  readonly orderAccess: OrderAccess;
  readonly accountOrders: AccountOrders;
  readonly joinedOrders: JoinedOrders;
}

/**
 * Manages the order sessions of a browser. They are children of the browser's session, whose data contains the id of
 * the default order. A login moves the orders to the account.
 */
export class BrowserOrders {
  readonly #deps: BrowserOrdersDependencies;

  constructor(deps: BrowserOrdersDependencies) {
    this.#deps = deps;
  }

  /**
   * Creates an order session. An API consumer owns the orders that it creates. A browser's order is a child of the
   * browser's session, which is stored first if it is new.
   */
  async create(caller: Caller, { metadata = {}, name }: NewOrder): Promise<SessionRecord> {
    const { manager, accountOrders } = this.#deps;
    const { principal, session } = caller;
    if (principal === null) await requireStored(caller);
    const ownership =
      principal === null
        ? { owner: SHOP_OWNER, parentId: session.id, ...this.#timeouts() }
        : { owner: ownerOf(principal) };
    const fields = { metadata, ...(name === undefined ? {} : { name }) };
    const { record } = await manager.create({ ...fields, ...ownership });
    if (principal === null && session.subject !== null) accountOrders.claim(session.subject, record.id);
    return record;
  }

  /**
   * Moves the browser's orders to the account that logs in, and restarts the idle timeout of the account's orders. If
   * the session was logged in to another account until now, the browser's orders go to that account.
   */
  async handOver(session: Session, account: string): Promise<void> {
    if (session.record !== null) {
      await this.#claim(session, session.subject ?? account);
      if (session.subject === null) await this.#deps.joinedOrders.handOver(session, account);
    }
    await this.#extend(account);
  }

  /** Returns the browser's default order session, otherwise the newest default order of its account, otherwise null. */
  async findDefault(caller: Caller): Promise<SessionRecord | null> {
    const { session } = caller;
    const id = session.record?.data.defaultOrder;
    const own = typeof id === "string" ? await this.#ownOrder(caller, id) : null;
    if (own !== null || session.subject === null) return own;
    for (const each of this.#deps.accountOrders.listNewest(session.subject, MAX_LISTED)) {
      const record = await this.#ownOrder(caller, each);
      if (record?.metadata.type === DEFAULT_ORDER.metadata.type) return record;
    }
    return null;
  }

  /** Like {@link findDefault}, but creates the order if there is none. Concurrent requests create one order. */
  async findOrCreateDefault(caller: Caller): Promise<SessionRecord> {
    const { session } = caller;
    const before = session.record?.data.defaultOrder;
    const found = await this.findDefault(caller);
    if (found !== null && found.id === before) return found;
    const candidate = found ?? (await this.create(caller, DEFAULT_ORDER));
    await session.update((data) => {
      const isFirst = data.defaultOrder === undefined || data.defaultOrder === before;
      return isFirst ? { ...data, defaultOrder: candidate.id } : data;
    });
    const chosen = await this.findDefault(caller);
    if (chosen === null || chosen.id === candidate.id) return candidate;
    if (candidate !== found) await this.#deps.manager.revoke({ session: candidate.id });
    return chosen;
  }

  /** Lists the live orders that the browser or its account owns or joined, newest first. */
  async list(caller: Caller): Promise<Access[]> {
    const { session } = caller;
    if (session.record === null) return [];
    const { orderAccess, accountOrders, joinedOrders } = this.#deps;
    const created = session.subject === null ? await this.#findOrdersCreatedIn(session, MAX_LISTED) : [];
    const own = created.flatMap((record) => orderAccess.accessOf(caller, record) ?? []);
    if (session.subject !== null) {
      // Assign orders that were created concurrently with the login to the account.
      await this.#claim(session, session.subject, MAX_LISTED);
      own.push(...(await this.#find(caller, accountOrders.listNewest(session.subject, MAX_LISTED))));
    }
    const others = await this.#find(caller, joinedOrders.listIds(session));
    const all = [...own, ...others.filter(({ role }) => role !== "owner")];
    return all.sort((left, right) => right.record.createdAt - left.record.createdAt);
  }

  /** Restarts the idle timeout of the account's orders. An update without changes counts as activity. */
  async #extend(account: string): Promise<void> {
    const { manager, accountOrders } = this.#deps;
    const ids = accountOrders.listNewest(account, MAX_LISTED);
    await Promise.all(ids.map((id) => manager.update(id, (data) => data).catch(ignoreEnded)));
  }

  #timeouts() {
    const { absoluteTimeout, rememberMe } = this.#deps.manager.policy;
    const idleTimeout = Math.max(ORDER_LIFETIME, absoluteTimeout, rememberMe.absoluteTimeout);
    return { idleTimeout, absoluteTimeout: NO_AGE_LIMIT };
  }

  async #find(caller: Caller, ids: readonly string[]): Promise<Access[]> {
    const found = await Promise.all(ids.map((id) => this.#findOne(caller, id)));
    return found.filter((access) => access !== null);
  }

  async #findOne(caller: Caller, id: string): Promise<Access | null> {
    const { manager, orderAccess, accountOrders } = this.#deps;
    const record = await manager.find(id);
    if (record !== null) return orderAccess.liveAccessOf(caller, record);
    // The order's session was deleted. As long as an ended session is not deleted, its order stays in the list, so that
    // a client can repeat the request that placed the order.
    accountOrders.forget(id);
    return null;
  }

  async #claim(session: Session, account: string, max?: number): Promise<void> {
    for (const { id } of await this.#findOrdersCreatedIn(session, max))
      this.#deps.accountOrders.claim(account, id);
  }

  /** Returns the live orders that were created in the browser's session, newest first. */
  async #findOrdersCreatedIn({ id }: Session, max?: number): Promise<SessionRecord[]> {
    const found: SessionRecord[] = [];
    for await (const record of this.#deps.ownedSessions.findMatching({ parentId: id, owner: SHOP_OWNER })) {
      if (found.push(record) === max) break;
    }
    return found;
  }

  async #ownOrder(caller: Caller, id: string): Promise<SessionRecord | null> {
    const access = await this.#deps.orderAccess.find(caller, id);
    return access?.role === "owner" ? access.record : null;
  }
}

/** Stores the browser's session if it is new. The response then sets the session cookie. */
export async function requireStored({ session }: Caller): Promise<void> {
  if (session.record === null) await session.patch({});
}
