import { z } from "zod";
import { FormError, type TextKey } from "./form-error.ts";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "./password.ts";

/** Returns the key unchanged. Its type makes the compiler reject a key without a text. */
const text = (key: TextKey) => key;

/** An id in a form. */
export const id = (missing: TextKey) =>
  z.coerce
    .number(missing)
    .int(missing)
    .positive(missing)
    .max(2 ** 31, missing);
export const name = z.string(text("needName")).trim().min(1, text("needName")).max(80, text("needName"));
export const email = z.preprocess(
  (value) => (typeof value === "string" ? value.trim().toLowerCase() : value),
  z.email(text("needEmail")).max(254, text("needEmail")),
);
export const password = z
  .string(text("needPassword"))
  .min(MIN_PASSWORD_LENGTH, text("needPassword"))
  .max(MAX_PASSWORD_LENGTH, text("needPassword"));

/**
 * Reads a form. `lists` names the fields that may occur more than once.
 *
 * @throws FormError with one fault for each wrong field.
 */
export function readForm<Schema extends z.ZodObject>(
  schema: Schema,
  form: FormData,
  lists: readonly string[] = [],
): z.output<Schema> {
  const fields = Object.fromEntries(form);
  for (const list of lists) Object.assign(fields, { [list]: form.getAll(list) });
  const result = schema.safeParse(fields);
  if (result.success) return result.data;
  const faults: Record<string, TextKey> = {};
  for (const { path, message } of result.error.issues) faults[String(path[0])] ??= message as TextKey;
  throw new FormError(faults);
}
