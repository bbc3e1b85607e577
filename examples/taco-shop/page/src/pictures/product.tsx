import type { ReactNode } from "react";
import { DESSERTS } from "./dessert.tsx";
import { DRINKS } from "./drink.tsx";
import { SIDES } from "./side.tsx";

const PICTURES = { ...SIDES, ...DRINKS, ...DESSERTS };

/** The picture of a side, drink or dessert. For a product without a picture, a covered dish. */
export function ProductPicture({ product }: { readonly product: string }): ReactNode {
  return (
    <svg viewBox="0 0 120 84" className="picture" aria-hidden="true">
      {(PICTURES[product] ?? CoveredDish)()}
    </svg>
  );
}

function CoveredDish(): ReactNode {
  return (
    <>
      <path d="M26 62a34 34 0 0 1 68 0z" fill="#c9b28c" />
      <rect x="20" y="62" width="80" height="7" rx="3.5" fill="#a98d62" />
      <circle cx="60" cy="25" r="5" fill="#a98d62" />
    </>
  );
}
