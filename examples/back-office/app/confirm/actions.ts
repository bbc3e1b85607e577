"use server";

import { CoatcheckError } from "coatcheck";
import { redirect } from "next/navigation";
import type { Result } from "../../lib/action.ts";
import { checkPassword } from "../../lib/check-password.ts";
import { getOffice } from "../../lib/office.ts";
import { sessions } from "../../lib/sessions.ts";

/** How long the confirmation is valid, in milliseconds. */
const MAX_CONFIRMATION_AGE = 10 * 60_000;

/** Checks the password. A correct password proves that the user sits at the browser that now uses the session. */
export const confirmPassword = sessions.withSessionAction(
  async (handle, _before: Result, form: FormData): Promise<Result> => {
    const session = await handle.requireSubject();
    const user = await getOffice().context.of(session).user();
    try {
      const account = user && (await checkPassword(user.email, form.get("password")));
      if (account?.subject !== session.subject) return { faults: { password: "wrongCurrentPassword" } };
      await session.elevate("account", MAX_CONFIRMATION_AGE);
    } catch (error) {
      if (!(error instanceof CoatcheckError) || error.status === 401 || error.status >= 500) throw error;
      return { error: error.message };
    }
    redirect("/");
  },
);
