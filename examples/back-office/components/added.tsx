import type { Texts } from "../lib/texts/texts.ts";

/** Says that the entry which the address names has been added. */
export function Added({ name, text }: { readonly name: string | undefined; readonly text: Texts }) {
  if (name === undefined) return null;
  return (
    <p role="status" className="saved">
      {name} {text.added}
    </p>
  );
}
