"use server";

import { revalidatePath } from "next/cache";
import { z } from "zod";
import { officeAction, type Result } from "../../../lib/action.ts";
import { checkPassword } from "../../../lib/check-password.ts";
import { password, readForm } from "../../../lib/form.ts";
import { FormError } from "../../../lib/form-error.ts";
import { hashPassword } from "../../../lib/password.ts";
import { changePassword } from "../../../lib/users.ts";

const PASSWORD_FORM = z.object({ currentPassword: z.string("wrongCurrentPassword"), newPassword: password });

/** Changes the user's own password. The user's other sessions end, and the current session gets a new token. */
export const savePassword = officeAction(
  null,
  async ({ database, session, user }, _before: Result, form: FormData) => {
    const { currentPassword, newPassword } = readForm(PASSWORD_FORM, form);
    if ((await checkPassword(user.email, currentPassword)) === null) {
      throw new FormError({ currentPassword: "wrongCurrentPassword" });
    }
    await changePassword(database, user.id, await hashPassword(newPassword));
    await session.revokeOthers("credentials-changed");
    await session.rotate();
    revalidatePath("/sessions");
  },
  { forbiddenWhileActing: "change the password" },
);
