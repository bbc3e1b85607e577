import { type Clock, CoatcheckError, type Schedule, type SessionManager } from "coatcheck";
import type { Authenticator, Caller, OwnedSessions } from "coatcheck-server";
import type { FastifyRequest } from "fastify";
import type { AccountOrders } from "./accounts/account-orders.ts";
import type { Accounts } from "./accounts/accounts.ts";
import type { Backend } from "./backend.ts";
import { type BrowserOrders, requireStored } from "./browser-orders.ts";
import type { Changes } from "./changes.ts";
import type { Invitations } from "./invitations.ts";
import type { JoinedOrders } from "./joined-orders.ts";
import { type Access, type OrderAccess, ownerOf } from "./order-access.ts";
import type { Role } from "./order-state.ts";
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
  readonly backend: Backend;
  readonly access: OrderAccess;
  readonly browserOrders: BrowserOrders;
  readonly joined: JoinedOrders;
  readonly changes: Changes;
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
  least: Role,
): Promise<Access> {
  return await shop.access.require(await shop.authenticator.authenticate(request), id, least);
}

/** Like {@link openOrder}. Without an id: the browser's default order session, which is created if needed. */
export async function openOrCreateOrder(
  shop: Shop,
  request: FastifyRequest,
  id: string | undefined,
  least: Role,
): Promise<Access> {
  if (id !== undefined) return await openOrder(shop, request, id, least);
  const caller = await browserOf(shop, request);
  await requireStored(caller);
  return defaultAccess(await shop.browserOrders.default(caller));
}

/** Like {@link openOrCreateOrder} with the role `view`, but creates nothing: null for a browser without a default order. */
export async function readOrderAccess(
  shop: Shop,
  request: FastifyRequest,
  id: string | undefined,
): Promise<Access | null> {
  if (id !== undefined) return await openOrder(shop, request, id, "view");
  const record = await shop.browserOrders.findDefault(await browserOf(shop, request));
  return record && defaultAccess(record);
}

/** The browser that sent the request. API consumers have no browser session, and thus no default order. */
async function browserOf({ authenticator }: Shop, request: FastifyRequest): Promise<Caller> {
  const caller = await authenticator.authenticateForCreate(request, {});
  if (caller.principal === null) return caller;
  throw new CoatcheckError(
    "SESSION_REQUIRED",
    "Only browsers have a default order. With an API key, create an order session and put its id into the path.",
  );
}

function defaultAccess(record: Access["record"]): Access {
  return { record, role: "owner", who: ownerOf(record), memberId: null };
}
