"use server";

import { CoatcheckError } from "coatcheck";
import { revalidatePath } from "next/cache";
import { redirect } from "next/navigation";
import { z } from "zod";
import { superAction } from "../lib/action.ts";
import { findCompany } from "../lib/companies.ts";
import { id, readForm } from "../lib/form.ts";
import { FormError, type TextKey } from "../lib/form-error.ts";
import { sessions } from "../lib/sessions.ts";
import { findListedUser } from "../lib/users.ts";

/** The longest time that an administrator may act for a user, in milliseconds. */
const MAX_AGE = 30 * 60_000;
const NEED_REASON: TextKey = "needReason";
const ACT = z.object({
  id: id("cannotAct"),
  reason: z.string(NEED_REASON).trim().min(1, NEED_REASON).max(200, NEED_REASON),
});

/** Begins to act for a user. The super administrator's own session does not change. */
export const actFor = superAction(async ({ database, session }, _before: unknown, form: FormData) => {
  const { id: user, reason } = readForm(ACT, form);
  const line = await findListedUser(database, user);
  const company = line && (await findCompany(database, line.companyId));
  if (!line?.active || !company?.active) throw new FormError({ form: "cannotAct" });
  await session.impersonate(String(user), { reason, maxAge: MAX_AGE, tenant: String(line.companyId) });
  revalidatePath("/", "layout");
  redirect("/");
});

/**
 * Stops acting for a user: returns to the super administrator's own session, and opens the user's page. Works even
 * after the time for acting has expired.
 */
export const stopActing = sessions.withSessionAction(async (handle) => {
  const session = await handle.load();
  const subject = session.impersonation?.subject;
  try {
    await session.stopImpersonating();
  } catch (error) {
    // The administrator's own session has ended. Make the browser drop the token of the impersonation too: with that
    // token, the login page would still show the banner.
    if (error instanceof CoatcheckError && error.status === 401) await session.revoke().catch(() => false);
    throw error;
  }
  revalidatePath("/", "layout");
  redirect(subject ? `/users/${subject}` : "/");
});
