import type { Texts } from "./texts/texts.ts";

/** The key of a text, which every language has. */
export type TextKey = keyof Texts;

/** The faults of a form, by the name of the field. The name `form` stands for the form as a whole. */
export type FieldFaults = Readonly<Record<string, TextKey>>;

/** The error of an invalid form. The form's page shows each fault beside its field, in the language of the user. */
export class FormError extends Error {
  override readonly name = "FormError";
  readonly faults: FieldFaults;

  constructor(faults: FieldFaults) {
    super(`The form has faults: ${Object.keys(faults).join(", ")}.`);
    this.faults = faults;
  }
}
