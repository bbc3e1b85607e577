"use client";

import { ActionForm } from "../../../../components/action-form.tsx";
import { Field } from "../../../../components/field.tsx";
import type { Texts } from "../../../../lib/texts/texts.ts";
import { actFor } from "../../../acting.ts";

interface Props {
  readonly id: number;
  readonly name: string;
  readonly text: Texts;
}

/** The form with which a super administrator begins to act for a user. */
export function ActForm({ id, name, text }: Props) {
  return (
    <ActionForm action={actFor} submit={`${text.actButton} ${name}`} text={text}>
      {(result) => (
        <>
          <h2>{text.actTitle}</h2>
          <p className="hint">{text.actHint}</p>
          <input type="hidden" name="id" value={id} />
          <Field name="reason" label={text.actReason} result={result} text={text} required maxLength={200} />
        </>
      )}
    </ActionForm>
  );
}
