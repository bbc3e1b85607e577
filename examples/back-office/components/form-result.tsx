import type { Result } from "../lib/action.ts";
import type { Texts } from "../lib/texts/texts.ts";

/** Shows the result of a form's action beside the button. The faults of single fields appear beside the fields. */
export function FormResult({ result, text }: { readonly result: Result; readonly text: Texts }) {
  const error = result.error ?? (result.faults && text[result.faults.form ?? "checkForm"]);
  if (error) {
    return (
      <p role="alert" className="error">
        {error}
      </p>
    );
  }
  return <output className="saved">{result.savedAt ? text.saved : ""}</output>;
}
