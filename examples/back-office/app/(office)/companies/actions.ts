"use server";

import { CoatcheckError } from "coatcheck";
import { revalidatePath } from "next/cache";
import { superAction } from "../../../lib/action.ts";

/** Suspends or resumes a company. Takes effect at the next click of each of its users, on every server process. */
export const setActive = superAction(async ({ database, context }, id: number, active: boolean) => {
  if (!Number.isSafeInteger(id))
    throw new CoatcheckError("VALIDATION_FAILED", "This company does not exist.");
  database.run("UPDATE companies SET active = ? WHERE id = ?", active === true ? 1 : 0, id);
  await context.invalidate("company", id);
  revalidatePath("/companies");
});
