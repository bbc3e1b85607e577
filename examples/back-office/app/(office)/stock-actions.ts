"use server";

import { CoatcheckError } from "coatcheck";
import { revalidatePath } from "next/cache";
import { forbiddenError, officeAction } from "../../lib/action.ts";
import { changeStock, warehouseOf } from "../../lib/stock.ts";

/** Changes the quantity of an item in a warehouse that the user may enter. */
export const adjust = officeAction("stock.edit", ({ database, user }, item: number, change: number) => {
  if (!Number.isSafeInteger(item) || !Number.isSafeInteger(change) || Math.abs(change) > 10_000) {
    throw new CoatcheckError("VALIDATION_FAILED", "Item and change must be whole numbers.");
  }
  const warehouse = warehouseOf(database, item);
  if (!user.warehouses.some(({ id }) => id === warehouse)) throw forbiddenError();
  changeStock(database, { item, user: user.id, change, at: Date.now() });
  revalidatePath("/");
});

/** Stores a warehouse in the session, so that all of its tabs show it. */
export const keepWarehouse = officeAction(null, async ({ context, session }, xid: string) => {
  await context.of(session).select("warehouse", xid, { keep: true });
  revalidatePath("/");
});
