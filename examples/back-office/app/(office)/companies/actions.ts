"use server";

import { CoatcheckError } from "coatcheck";
import { revalidatePath } from "next/cache";
import { superAction } from "../../../lib/action.ts";

/** Suspends or resumes a company. Its users see it at their next click, on every process. */
export const setActive = superAction(async ({ database, context }, id: number, active: boolean) => {
  if (!Number.isSafeInteger(id)) throw new CoatcheckError("VALIDATION_FAILED", "There is no such company.");
  database.run("UPDATE companies SET active = ? WHERE id = ?", active === true ? 1 : 0, id);
  await context.invalidate("company", id);
  revalidatePath("/companies");
});
