import { type Clock, CoatcheckError, type Schedule, type SessionManager } from "coatcheck";
import { type Authenticator, type Caller, type OwnedSessions, sessionNotFound } from "coatcheck-server";
import type { FastifyRequest } from "fastify";
import type { AccountOrders } from "./accounts/account-orders.ts";
import type { Accounts } from "./accounts/accounts.ts";
import type { PlacedOrders } from "./accounts/placed-orders.ts";
import type { Backend } from "./backend.ts";
import { type BrowserOrders, requireStored } from "./browser-orders.ts";
import type { Changes } from "./changes.ts";
import type { Invitations } from "./invitations.ts";
import type { JoinedOrders } from "./joined-orders.ts";
import type { Access, OrderAccess } from "./order-access.ts";
import type { OrderHistory } from "./order-history.ts";
import { orderOf, type Role } from "./order-state.ts";
import type { SessionNotifier } from "./session-notifier.ts";

/** The dependencies of the routes. */
export interface Shop {
  readonly manager: SessionManager;
  readonly authenticator: Authenticator;
  readonly ownedSessions: OwnedSessions;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly accounts: Accounts;
  readonly accountOrders: AccountOrders;
  readonly placedOrders: PlacedOrders;
  readonly backend: Backend;
  readonly access: OrderAccess;
  readonly browserOrders: BrowserOrders;
  readonly joinedOrders: JoinedOrders;
  readonly changes: Changes;
  readonly history: OrderHistory;
  readonly invitations: Invitations;
  readonly notifier: SessionNotifier;
}

/**
 * Returns the caller's access to the order session with this id. Throws the same errors as {@link OrderAccess.require}.
 */
export async function openOrder(
  shop: Shop,
  request: FastifyRequest,
  id: string,
  minRole: Role,
): Promise<Access> {
  return await shop.access.require(await shop.authenticator.authenticate(request), id, minRole);
}

/**
 * Copies the newest entries of an order into the order's history, and checks that the caller may read the history. A
 * participant may read it even after the order has ended. The account that owned the order may read it even after the
 * order's session was deleted.
 *
 * @throws CoatcheckError `SESSION_NOT_FOUND` for other callers.
 */
export async function openHistory(shop: Shop, request: FastifyRequest, id: string): Promise<void> {
  const { manager, authenticator, access, accountOrders, history } = shop;
  const caller = await authenticator.authenticate(request);
  const record = await manager.find(id);
  const { subject } = caller.session;
  const isReader =
    record === null
      ? subject !== null && accountOrders.currentOrPastAccountOf(id) === subject
      : access.accessOf(caller, record) !== null;
  if (!isReader) throw sessionNotFound(id);
  if (record !== null) history.addMissing(id, orderOf(record.data).history);
}

/** Like {@link openOrder}. Without an id, returns the browser's default order session, and creates it if needed. */
export async function openOrCreateOrder(
  shop: Shop,
  request: FastifyRequest,
  id: string | undefined,
  minRole: Role,
): Promise<Access> {
  if (id !== undefined) return await openOrder(shop, request, id, minRole);
  const caller = await requireBrowser(shop, request);
  await requireStored(caller);
  return shop.access.ownerAccess(await shop.browserOrders.findOrCreateDefault(caller));
}

/** Like {@link openOrCreateOrder} with the role `view`, but returns null for a browser without a default order. */
export async function readOrderAccess(
  shop: Shop,
  request: FastifyRequest,
  id: string | undefined,
): Promise<Access | null> {
  if (id !== undefined) return await openOrder(shop, request, id, "view");
  const record = await shop.browserOrders.findDefault(await requireBrowser(shop, request));
  return record && shop.access.ownerAccess(record);
}

/** Returns the browser that sent the request. Throws for API consumers, which have no default order. */
async function requireBrowser({ authenticator }: Shop, request: FastifyRequest): Promise<Caller> {
  const caller = await authenticator.authenticateForCreate(request, {});
  if (caller.principal === null) return caller;
  throw new CoatcheckError(
    "SESSION_REQUIRED",
    "Only browsers have a default order. With an API key, create an order session and put its id into the path.",
  );
}
