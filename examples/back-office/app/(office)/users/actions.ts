"use server";

import { revalidatePath } from "next/cache";
import { redirect } from "next/navigation";
import { z } from "zod";
import { type Actor, officeAction, ownCompanyId, type Result } from "../../../lib/action.ts";
import { forbiddenError } from "../../../lib/forbidden.ts";
import { email, id, name, password, readForm } from "../../../lib/form.ts";
import { FormError, type TextKey } from "../../../lib/form-error.ts";
import { hashPassword } from "../../../lib/password.ts";
import { createOnce } from "../../../lib/submissions.ts";
import { addUser, changeUser, type Editor, findListedUser } from "../../../lib/users.ts";

const NEED_WAREHOUSE: TextKey = "needWarehouse";
const USER_FORM = z.object({
  name,
  email,
  role: id("noSuchRole"),
  warehouse: id("noSuchWarehouse"),
  warehouses: z.array(id("noSuchWarehouse")).min(1, NEED_WAREHOUSE),
});
const EXISTING_USER_FORM = USER_FORM.extend({ id: id("checkForm"), active: z.array(z.string()) });
const NEW_USER_FORM = USER_FORM.extend({ password });

function contentOf({ name, email, role, warehouse, warehouses }: z.output<typeof USER_FORM>) {
  return { name, email, roleId: role, warehouseId: warehouse, warehouseIds: warehouses };
}

function editorOf({ user }: Actor, company: number): Editor {
  return { company, permissions: user.isSuperAdmin ? null : user.permissions };
}

/**
 * Changes a user. The change takes effect at the user's next click, because all sessions of the user share one object
 * per process, and the invalidation makes every process load the object again.
 */
export const saveUser = officeAction(
  "users.edit",
  async (actor, _before: Result, form: FormData) => {
    const { user, database, context, sessions } = actor;
    const change = readForm(EXISTING_USER_FORM, form, ["warehouses", "active"]);
    const isActive = change.active.includes("1");
    const line = await findListedUser(database, change.id);
    if (line === null || (!user.isSuperAdmin && line.companyId !== user.companyId)) throw forbiddenError();
    if (!isActive && user.id === String(change.id)) throw new FormError({ active: "cannotDisableYourself" });
    const content = { ...contentOf(change), active: isActive };
    await changeUser(database, editorOf(actor, line.companyId), change.id, content);
    await context.invalidate("user", change.id);
    if (!isActive) await sessions.manager.revoke({ subject: String(change.id) }, "admin");
    revalidatePath("/", "layout");
  },
  { forbiddenWhileActing: "change a user" },
);

/** Adds a user to the company of the administrator. */
export const saveNewUser = officeAction(
  "users.edit",
  async (actor, _before: Result, form: FormData) => {
    const { user, database } = actor;
    const company = ownCompanyId(actor);
    const content = readForm(NEW_USER_FORM, form, ["warehouses"]);
    const hash = await hashPassword(content.password);
    const submission = { user: user.id, form, now: Date.now() };
    const added = await createOnce(database, submission, (queries) =>
      addUser(queries, editorOf(actor, company), contentOf(content), hash),
    );
    revalidatePath("/users");
    redirect(`/users?added=${added}`);
  },
  { forbiddenWhileActing: "add a user" },
);
