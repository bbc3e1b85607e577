"use server";

import { CoatcheckError } from "coatcheck";
import { revalidatePath } from "next/cache";
import { redirect } from "next/navigation";
import { z } from "zod";
import { type Result, superAction } from "../../../lib/action.ts";
import { addCompany } from "../../../lib/companies.ts";
import { email, name, password, readForm } from "../../../lib/form.ts";
import { hashPassword } from "../../../lib/password.ts";
import { createOnce } from "../../../lib/submissions.ts";

const NEW = z.object({ name, warehouse: name, administrator: name, email, password });

/**
 * Suspends or resumes a company. The change takes effect at the next click of each user of the company, on every server
 * process.
 */
export const setActive = superAction(async ({ database, context }, id: number, active: boolean) => {
  if (!Number.isSafeInteger(id))
    throw new CoatcheckError("VALIDATION_FAILED", "This company does not exist.");
  await database.run("UPDATE companies SET active = ? WHERE id = ?", active === true ? 1 : 0, id);
  await context.invalidate("company", id);
  revalidatePath("/companies");
});

/** Adds a company with three roles, a warehouse and an administrator. */
export const saveNewCompany = superAction(async (actor, _before: Result, form: FormData) => {
  const content = readForm(NEW, form);
  const hash = await hashPassword(content.password);
  const submission = { user: actor.user.id, form, now: Date.now() };
  const added = await createOnce(actor.database, submission, (queries) =>
    addCompany(queries, { ...content, password: hash }),
  );
  revalidatePath("/companies");
  redirect(`/companies/${added}?added=${added}`);
});
