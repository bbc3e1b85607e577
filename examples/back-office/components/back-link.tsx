import Link from "next/link";
import type { Texts } from "../lib/texts/texts.ts";

export function BackLink({ href, text }: { readonly href: string; readonly text: Texts }) {
  return (
    <p>
      <Link href={href} prefetch={false}>
        ← {text.back}
      </Link>
    </p>
  );
}
