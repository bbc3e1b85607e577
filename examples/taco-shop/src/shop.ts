import { type Clock, CoatcheckError, type Schedule, type SessionManager } from "coatcheck";
import type { Caller, Callers, OwnedSessions } from "coatcheck-server";
import type { FastifyRequest } from "fastify";
import { type Access, type Doorkeeper, ownerOf } from "./access.ts";
import type { AccountOrders } from "./accounts/account-orders.ts";
import type { Accounts } from "./accounts/accounts.ts";
import type { Backend } from "./backend.ts";
import { type BrowserOrders, requireStored } from "./browser-orders.ts";
import type { Changes } from "./changes.ts";
import type { Invitations } from "./invitations.ts";
import type { JoinedOrders } from "./joined-orders.ts";
import type { LiveSessions } from "./live.ts";
import type { Role } from "./order-state.ts";

/** What the routes work with. */
export interface Shop {
  readonly manager: SessionManager;
  readonly callers: Callers;
  readonly owned: OwnedSessions;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly accounts: Accounts;
  readonly accountOrders: AccountOrders;
  readonly backend: Backend;
  readonly doorkeeper: Doorkeeper;
  readonly browserOrders: BrowserOrders;
  readonly joined: JoinedOrders;
  readonly changes: Changes;
  readonly invitations: Invitations;
  readonly live: LiveSessions;
}

/** The way into the order session of this id. */
export async function enter(shop: Shop, request: FastifyRequest, id: string, least: Role): Promise<Access> {
  return await shop.doorkeeper.admit(await shop.callers.of(request), id, least);
}

/** The same; without an id, into the browser's default order session, which begins with this. */
export async function enterOrBegin(
  shop: Shop,
  request: FastifyRequest,
  id: string | undefined,
  least: Role,
): Promise<Access> {
  if (id !== undefined) return await enter(shop, request, id, least);
  const caller = await browserOf(shop, request);
  await requireStored(caller);
  return defaultAccess(await shop.browserOrders.default(caller));
}

/** The same; null for a browser whose default order has not begun: looking begins nothing. */
export async function look(
  shop: Shop,
  request: FastifyRequest,
  id: string | undefined,
): Promise<Access | null> {
  if (id !== undefined) return await enter(shop, request, id, "view");
  const record = await shop.browserOrders.findDefault(await browserOf(shop, request));
  return record && defaultAccess(record);
}

/** Whoever holds a key has no cookie that a default order could hang on. */
async function browserOf({ callers }: Shop, request: FastifyRequest): Promise<Caller> {
  const caller = await callers.creating(request, {});
  if (caller.principal === null) return caller;
  throw new CoatcheckError(
    "SESSION_REQUIRED",
    "Only browsers have a default order; with a key, begin one and put its id into the path.",
  );
}

function defaultAccess(record: Access["record"]): Access {
  return { record, role: "owner", who: ownerOf(record), memberId: null };
}
