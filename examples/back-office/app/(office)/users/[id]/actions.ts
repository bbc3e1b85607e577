"use server";

import { CoatcheckError } from "coatcheck";
import { revalidatePath } from "next/cache";
import { z } from "zod";
import { type Actor, forbiddenError, officeAction, type Result } from "../../../../lib/action.ts";
import { changeUser } from "../../../../lib/people.ts";

const id = z.coerce.number().int().positive();
const USER_FORM = z.object({
  id,
  name: z.string().trim().min(1, "Enter a name.").max(80),
  email: z.email("Enter an email address.").max(254),
  role: id,
  warehouse: id,
  warehouses: z.array(id).min(1, "The user must be allowed to enter one warehouse."),
  active: z.boolean(),
});

/**
 * Changes a user. The change takes effect at the user's next click: all sessions of the user share one object per
 * process, and the invalidation makes every process load the object again.
 */
export const saveUser = officeAction("users.edit", async (actor, _before: Result, form: FormData) => {
  const change = parse(form);
  const { user, database, context, sessions } = actor;
  if (user.companyId === null) throw forbiddenError();
  requireNotSelf(actor, change);
  changeUser(database, user.companyId, change.id, {
    ...change,
    email: change.email.toLowerCase(),
    roleId: change.role,
    warehouseId: change.warehouse,
    warehouseIds: change.warehouses,
  });
  await context.invalidate("user", change.id);
  if (!change.active) await sessions.manager.revoke({ subject: String(change.id) }, "admin");
  revalidatePath("/", "layout");
});

function parse(form: FormData): z.infer<typeof USER_FORM> {
  const { success, data, error } = USER_FORM.safeParse({
    ...Object.fromEntries(form),
    warehouses: form.getAll("warehouses"),
    active: form.get("active") === "1",
  });
  if (success) return data;
  throw new CoatcheckError("VALIDATION_FAILED", error.issues[0]?.message ?? "Check the form.");
}

/** Rejects an administrator who disables their own account: they could not log in again. */
function requireNotSelf({ user }: Actor, { id, active }: z.infer<typeof USER_FORM>): void {
  if (!active && user.id === String(id)) {
    throw new CoatcheckError("CONFLICT", "You cannot disable your own account.");
  }
}
