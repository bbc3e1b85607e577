import type { DatabaseSync } from "node:sqlite";
import { type Clock, CoatcheckError, type JsonObject, type SessionManager } from "coatcheck";
import { UPSTREAM_MEMBER } from "coatcheck/gateway";
import { OwnedSessions } from "coatcheck-server";
import { isOrder, unlessEnded } from "./access.ts";
import { hasOlderOrders, noteOrdersAdopted } from "./accounts/database.ts";
import { ORDER, readOrder } from "./order-state.ts";

/*
 * An older version of the shop kept an order under `order` and `upstream`, where whoever owns the session can write by
 * way of the service. So these names must say nothing once the shop answers, and cannot be read in place of the newer
 * ones: what is there is brought over before, once, and the shop's own database, where no consumer writes, says so.
 *
 * This is no migration of the manager's data schema. The service works on the same sessions and knows no schema, and
 * a manager treats data of a version that it has no migration for as unreadable.
 */

/**
 * Brings orders that an older version stored under the names of this one. Whoever is interrupted begins again; processes
 * at once do it together. Shops of the older version must have stopped.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE`; what is done is done.
 */
export async function adoptOlderOrders(
  manager: SessionManager,
  accounts: DatabaseSync,
  clock: Clock,
): Promise<void> {
  if (!hasOlderOrders(accounts)) return;
  for await (const record of new OwnedSessions(manager, clock).matching({})) {
    if (!isOrder(record) || !isOlder(record.data)) continue;
    await manager.update(record.id, adopted).catch(unlessFull);
  }
  noteOrdersAdopted(accounts);
}

/** An owner who has filled the session to the last byte keeps that, and nobody else waits for them. */
function unlessFull(error: unknown): void {
  const isFull = error instanceof CoatcheckError && error.code === "PAYLOAD_TOO_LARGE";
  if (!isFull) unlessEnded(error);
}

/** Whether the shop wrote this, as far as it shows: others may have an `order` of their own. */
function isOlder({ order }: JsonObject): boolean {
  return readOrder(order) !== null;
}

function adopted({ order, upstream, ...others }: JsonObject): JsonObject {
  return { [ORDER]: order, [UPSTREAM_MEMBER]: upstream, ...others };
}
