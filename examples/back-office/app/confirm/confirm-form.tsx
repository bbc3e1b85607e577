"use client";

import { ActionForm } from "../../components/action-form.tsx";
import { Field } from "../../components/field.tsx";
import type { Texts } from "../../lib/texts/texts.ts";
import { confirmPassword } from "./actions.ts";

/** Asks for the password of the user. */
export function ConfirmForm({ text }: { readonly text: Texts }) {
  return (
    <ActionForm action={confirmPassword} submit={text.confirm} text={text}>
      {(result) => (
        <Field
          name="password"
          label={text.password}
          type="password"
          autoComplete="current-password"
          result={result}
          text={text}
          required
        />
      )}
    </ActionForm>
  );
}
