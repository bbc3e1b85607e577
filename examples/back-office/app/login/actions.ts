"use server";

import { CoatcheckError } from "coatcheck";
import { redirectTarget } from "coatcheck/next";
import { redirect } from "next/navigation";
import type { Result } from "../../lib/action.ts";
import { checkPassword } from "../../lib/check-password.ts";
import { sessions } from "../../lib/sessions.ts";

export const logIn = sessions.withSessionAction(
  async (handle, _before: Result, form: FormData): Promise<Result> => {
    try {
      const account = await checkPassword(form.get("email"), form.get("password"));
      if (account === null) return { error: "wrongPassword" };
      const session = await handle.load();
      const { subject, ...tenant } = account;
      await session.authenticate(subject, tenant);
    } catch (error) {
      if (error instanceof CoatcheckError && error.code === "RATE_LIMITED") return { error: error.message };
      throw error;
    }
    redirect(redirectTarget(form.get("next"), "/"));
  },
);

export const logOut = sessions.withSessionAction(async (handle) => {
  await (await handle.load()).revoke();
  redirect("/login");
});
