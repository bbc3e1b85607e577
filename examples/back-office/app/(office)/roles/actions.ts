"use server";

import { CoatcheckError } from "coatcheck";
import { revalidatePath } from "next/cache";
import { forbiddenError, officeAction, type Result } from "../../../lib/action.ts";
import { isPermission } from "../../../lib/permissions.ts";

/** Changes the permissions of a role. All users of the company are loaded again at their next click. */
export const saveRole = officeAction("roles.edit", async (actor, _before: Result, form: FormData) => {
  const { database, context, user } = actor;
  if (user.companyId === null) throw forbiddenError();
  const id = Number(form.get("id"));
  const permissions = form.getAll("permissions");
  if (!Number.isSafeInteger(id) || !permissions.every(isPermission)) {
    throw new CoatcheckError("VALIDATION_FAILED", "This role or permission does not exist.");
  }
  const own = database.one<{ id: number }>("SELECT role_id AS id FROM users WHERE id = ?", user.id);
  if (own?.id === id && !permissions.includes("roles.edit")) {
    throw new CoatcheckError("CONFLICT", "You cannot remove this permission from your own role.");
  }
  const sql = "UPDATE roles SET permissions = ? WHERE id = ? AND company_id = ?";
  const { changes } = database.run(sql, JSON.stringify(permissions), id, user.companyId);
  if (changes === 0) throw new CoatcheckError("VALIDATION_FAILED", "This role or permission does not exist.");
  await context.invalidateTag(`company:${user.companyId}`);
  revalidatePath("/", "layout");
});
