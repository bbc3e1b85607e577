import type { Texts } from "./texts/texts.ts";

/** A text of every language. */
export type TextKey = keyof Texts;

/** The faults of a form, by the name of the field. `form` names the form as a whole. */
export type FieldFaults = Readonly<Record<string, TextKey>>;

/** A form that was filled in wrongly. Its page shows each fault beside its field, in the language of the user. */
export class FormError extends Error {
  override readonly name = "FormError";
  readonly faults: FieldFaults;

  constructor(faults: FieldFaults) {
    super(`The form has faults: ${Object.keys(faults).join(", ")}.`);
    this.faults = faults;
  }
}
