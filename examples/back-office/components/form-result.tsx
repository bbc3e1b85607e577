import type { Result } from "../lib/action.ts";
import type { Texts } from "../lib/language.ts";

/** Shows the result of a form's action beside its button. */
export function FormResult({ result, text }: { readonly result: Result; readonly text: Texts }) {
  if (result.error) {
    return (
      <p role="alert" className="error">
        {result.error}
      </p>
    );
  }
  return <output className="saved">{result.saved ? text.saved : ""}</output>;
}
