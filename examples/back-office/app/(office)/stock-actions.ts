"use server";

import { revalidatePath } from "next/cache";
import { officeAction } from "../../lib/action.ts";
import { adjustItem } from "../../lib/stock.ts";

/** Changes the stock of an item, if the user has access to its warehouse. */
export const adjust = officeAction("stock.edit", async (actor, item: number, change: number) => {
  const { database, session, user } = actor;
  const by = session.actor?.subject ?? null;
  await adjustItem(database, user, { item, actor: by, change, at: Date.now() });
  revalidatePath("/");
});

/** Stores a warehouse in the session, so that all tabs of the session show the warehouse. */
export const storeWarehouse = officeAction(null, async ({ context, session }, xid: string) => {
  await context.of(session).select("warehouse", xid, { keep: true });
  revalidatePath("/");
});
