"use client";

import { ActionForm } from "../../../components/action-form.tsx";
import { Field, SelectField } from "../../../components/field.tsx";
import type { Texts } from "../../../lib/texts/texts.ts";
import { saveNewWarehouse } from "./actions.ts";

interface Props {
  readonly warehouses: readonly { readonly id: number; readonly name: string }[];
  readonly submission: string;
  readonly text: Texts;
}

/** The form that adds a warehouse. */
export function WarehouseForm({ warehouses, submission, text }: Props) {
  return (
    <ActionForm action={saveNewWarehouse} submit={text.addButton} submission={submission} text={text}>
      {(result) => (
        <>
          <h2>{text.addWarehouse}</h2>
          <Field
            name="name"
            label={text.name}
            hint={text.warehousesHint}
            result={result}
            text={text}
            required
            maxLength={80}
            aria-keyshortcuts="n"
          />
          <SelectField
            name="copyItemsFrom"
            label={text.copyItemsFrom}
            hint={text.noPieces}
            choices={[{ id: "", name: text.noItemsToCopy }, ...warehouses]}
            selected=""
            result={result}
            text={text}
          />
        </>
      )}
    </ActionForm>
  );
}
