"use client";

import { ActionForm } from "../../../components/action-form.tsx";
import { Field } from "../../../components/field.tsx";
import type { Texts } from "../../../lib/texts/texts.ts";
import { savePassword } from "./actions.ts";

/** The form that changes the user's own password. */
export function PasswordForm({ email, text }: { readonly email: string; readonly text: Texts }) {
  return (
    <ActionForm action={savePassword} submit={text.changePassword} text={text}>
      {(result) => {
        const shared = { result, text, type: "password", required: true };
        return (
          <>
            <h2>{text.passwordTitle}</h2>
            <p className="hint">{text.passwordHint}</p>
            {/* Password managers store the new password under this name. */}
            <input type="hidden" autoComplete="username" value={email} readOnly />
            <Field
              {...shared}
              name="currentPassword"
              label={text.currentPassword}
              autoComplete="current-password"
            />
            <Field
              {...shared}
              name="newPassword"
              label={text.newPassword}
              hint={text.passwordRule}
              autoComplete="new-password"
            />
          </>
        );
      }}
    </ActionForm>
  );
}
