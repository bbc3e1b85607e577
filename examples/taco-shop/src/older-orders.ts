import type { DatabaseSync } from "node:sqlite";
import { type Clock, CoatcheckError, type JsonObject, type SessionManager } from "coatcheck";
import { UPSTREAM_MEMBER } from "coatcheck/gateway";
import { OwnedSessions } from "coatcheck-server";
import { hasOlderOrders, markOrdersMigrated } from "./accounts/database.ts";
import { ignoreEnded, isOrder } from "./order-access.ts";
import { ORDER_MEMBER, readOrder } from "./order-state.ts";

/*
 * An older version of the shop stored an order under `order` and `upstream` in the session's data. The session's owner
 * can write these members through the service, so the shop must not trust them at run time. The shop migrates them
 * once, before it handles requests, and records the migration in its own database, which no API consumer can write.
 *
 * The migration does not use the session manager's data schema. The service uses the same sessions without a schema,
 * and would reject data with a version number.
 */

/**
 * Renames the data members of orders that an older version stored. An interrupted migration starts again at the next
 * start. Several processes can run it at the same time. Stop all shops of the older version first.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` if the session store fails. Orders that were already migrated stay
 * migrated.
 */
export async function migrateOlderOrders(
  manager: SessionManager,
  accounts: DatabaseSync,
  clock: Clock,
): Promise<void> {
  if (!hasOlderOrders(accounts)) return;
  for await (const record of new OwnedSessions(manager, clock).findMatching({})) {
    if (!isOrder(record) || !isOlder(record.data)) continue;
    await manager.update(record.id, migrateData).catch(ignoreTooLarge);
  }
  markOrdersMigrated(accounts);
}

/** Skips a session whose data has reached its size limit, so that the migration of other sessions can continue. */
function ignoreTooLarge(error: unknown): void {
  const isFull = error instanceof CoatcheckError && error.code === "PAYLOAD_TOO_LARGE";
  if (!isFull) ignoreEnded(error);
}

/** Returns whether the older version wrote this data. An API consumer may have stored something else under `order`. */
function isOlder({ order }: JsonObject): boolean {
  return readOrder(order) !== null;
}

function migrateData({ order, upstream, ...others }: JsonObject): JsonObject {
  return { [ORDER_MEMBER]: order, [UPSTREAM_MEMBER]: upstream, ...others };
}
