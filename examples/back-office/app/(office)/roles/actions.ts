"use server";

import { CoatcheckError } from "coatcheck";
import { revalidatePath } from "next/cache";
import { redirect } from "next/navigation";
import { z } from "zod";
import { type Actor, officeAction, ownCompanyId, type Result } from "../../../lib/action.ts";
import { id, name, readForm } from "../../../lib/form.ts";
import type { TextKey } from "../../../lib/form-error.ts";
import { PERMISSIONS } from "../../../lib/permissions.ts";
import { addRole, changeRole } from "../../../lib/roles.ts";
import { createOnce } from "../../../lib/submissions.ts";

const NO_PERMISSION: TextKey = "noSuchPermission";
const NEED_PERMISSION: TextKey = "needPermission";
const permissions = z.array(z.enum(PERMISSIONS, NO_PERMISSION));
const EXISTING_ROLE_FORM = z.object({ id: id("noSuchRole"), permissions });
const NEW_ROLE_FORM = z.object({ name, permissions: permissions.min(1, NEED_PERMISSION) });

/** Changes the permissions of a role. The server loads every user of the company again at the user's next click. */
export const saveRole = officeAction(
  "roles.edit",
  async (actor, _before: Result, form: FormData) => {
    const { database, context } = actor;
    const company = ownCompanyId(actor);
    const { id, permissions } = readForm(EXISTING_ROLE_FORM, form, ["permissions"]);
    if (!permissions.includes("roles.edit")) await requireOtherRole(actor, id);
    if (!(await changeRole(database, company, id, permissions))) {
      throw new CoatcheckError("VALIDATION_FAILED", "This role does not exist.");
    }
    await context.invalidateTag(`company:${company}`);
    revalidatePath("/", "layout");
  },
  { forbiddenWhileActing: "change a role" },
);

/**
 * Rejects an administrator who removes the permission `roles.edit` from their own role, because they could not add it
 * again.
 */
async function requireOtherRole({ database, user }: Actor, role: number): Promise<void> {
  const sql = "SELECT role_id AS id FROM users WHERE id = ?";
  const own = await database.one<{ id: number }>(sql, Number(user.id));
  if (own?.id === role) {
    throw new CoatcheckError("CONFLICT", "You cannot remove this permission from your own role.");
  }
}

/** Adds a role to the company. */
export const saveNewRole = officeAction(
  "roles.edit",
  async (actor, _before: Result, form: FormData) => {
    const { database, user } = actor;
    const company = ownCompanyId(actor);
    const content = readForm(NEW_ROLE_FORM, form, ["permissions"]);
    const submission = { user: user.id, form, now: Date.now() };
    const added = await createOnce(database, submission, (queries) => addRole(queries, company, content));
    revalidatePath("/roles");
    redirect(`/roles?added=${added}`);
  },
  { forbiddenWhileActing: "add a role" },
);
