"use client";

import { ActionForm } from "../../../components/action-form.tsx";
import { Field } from "../../../components/field.tsx";
import type { Texts } from "../../../lib/texts/texts.ts";
import { saveNewCompany } from "./actions.ts";

interface Props {
  readonly submission: string;
  readonly text: Texts;
}

/** The form that adds a company. */
export function CompanyForm({ submission, text }: Props) {
  return (
    <ActionForm action={saveNewCompany} submit={text.addButton} submission={submission} text={text}>
      {(result) => {
        const shared = { result, text, required: true };
        return (
          <>
            <Field {...shared} name="name" label={text.company} maxLength={80} />
            <Field {...shared} name="warehouse" label={text.firstWarehouse} maxLength={80} />
            <Field {...shared} name="administrator" label={text.firstAdministrator} maxLength={80} />
            <Field {...shared} name="email" label={text.email} type="email" maxLength={254} />
            <Field
              {...shared}
              name="password"
              label={text.firstPassword}
              hint={text.passwordRule}
              type="password"
              autoComplete="new-password"
            />
          </>
        );
      }}
    </ActionForm>
  );
}
