import type { Texts } from "../lib/texts/texts.ts";

/** Shows that the entry with this name has been added. The name comes from the URL. */
export function AddedNotice({ name, text }: { readonly name: string | undefined; readonly text: Texts }) {
  if (name === undefined) return null;
  return (
    <p role="status" className="saved">
      {name} {text.entryAdded}
    </p>
  );
}
