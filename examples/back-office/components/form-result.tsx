import type { Result } from "../lib/action.ts";
import type { Texts } from "../lib/language.ts";

/** Reports beside the button of a form what its action has done. */
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
