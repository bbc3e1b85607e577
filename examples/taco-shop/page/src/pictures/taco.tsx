import type { ReactNode } from "react";
import { fillingColour } from "./colours.ts";

interface TacoPictureProps {
  readonly size: string;
  /** The ids of the fillings. */
  readonly fillings?: readonly string[];
}

/** The drawn length of each size. */
const SIZE_LENGTH: Readonly<Record<string, number>> = {
  tacos_L: 44,
  tacos_L_mixte: 50,
  tacos_XL: 60,
  tacos_XXL: 70,
  tacos_GIGA: 82,
};

const DEFAULT_FILLINGS = ["viande_hachee", "salade", "tomates", "cheddar", "maïs"];

/** The positions of the fillings in the cut, from its centre, in units of its radii. */
const FILLING_POSITIONS = [
  [-0.42, -0.3],
  [0.38, -0.38],
  [-0.1, 0.12],
  [0.42, 0.28],
  [-0.4, 0.42],
  [0.06, -0.56],
  [0.1, 0.6],
  [-0.62, 0.08],
  [0.66, -0.04],
] as const;

/** The picture of a taco: a grilled parcel, cut open to show its fillings. */
export function TacoPicture({ size, fillings = [] }: TacoPictureProps): ReactNode {
  const inside = fillings.length > 0 ? fillings : DEFAULT_FILLINGS;
  return (
    <svg viewBox="0 0 120 84" className="picture" aria-hidden="true">
      {size === "tacos_BOWL" ? (
        <Bowl inside={inside} />
      ) : (
        <Wrap length={SIZE_LENGTH[size] ?? 60} inside={inside} />
      )}
    </svg>
  );
}

interface Inside {
  readonly inside: readonly string[];
}

function Wrap({ length, inside }: Inside & { readonly length: number }): ReactNode {
  const left = 52 - length / 2;
  const cut = left + length;
  const bars = Array.from({ length: Math.floor(length / 13) }, (_, index) => left + 10 + index * 13);
  return (
    <>
      <ellipse cx="58" cy="72" rx={length / 2 + 16} ry="6" fill="#000" opacity=".12" />
      <path
        d={`M${left + 8} 20H${cut}c10 0 14 12 14 24s-4 26-14 26H${left + 8}c-10 0-14-8-14-25s4-25 14-25z`}
        fill="#e9bd78"
      />
      <path d={`M${left + 8} 20H${cut}c5 0 8 3 10 7H${left - 2}c2-4 5-7 10-7z`} fill="#f5d59b" />
      {bars.map((x) => (
        <path key={x} d={`M${x} 27l-5 35`} stroke="#a9682b" strokeWidth="3.4" strokeLinecap="round" />
      ))}
      <ellipse cx={cut} cy="45" rx="15" ry="25" fill="#d9a55c" />
      <ellipse cx={cut} cy="45" rx="12" ry="21.5" fill="#fbeac6" />
      <Fillings inside={inside} x={cut} y={45} across={10.5} down={19} dot={5.2} />
    </>
  );
}

function Bowl({ inside }: Inside): ReactNode {
  return (
    <>
      <ellipse cx="60" cy="74" rx="36" ry="5" fill="#000" opacity=".12" />
      <path d="M18 38h84c0 20-14 36-34 36H52c-20 0-34-16-34-36z" fill="#b5371f" />
      <path d="M24 50h72c-1 4-3 7-5 10H29c-2-3-4-6-5-10z" fill="#f3cf8e" opacity=".85" />
      <ellipse cx="60" cy="38" rx="42" ry="13" fill="#8f2a17" />
      <ellipse cx="60" cy="37" rx="38" ry="10.5" fill="#fbeac6" />
      <Fillings inside={inside} x={60} y={34} across={31} down={9} dot={8} />
    </>
  );
}

function Fillings(
  props: Inside & Readonly<Record<"x" | "y" | "across" | "down" | "dot", number>>,
): ReactNode {
  const { inside, x, y, across, down, dot } = props;
  return FILLING_POSITIONS.map(([right, below], index) => (
    <circle
      key={`${right} ${below}`}
      cx={x + right * across}
      cy={y + below * down}
      r={dot - (index % 3)}
      fill={fillingColour(inside[index % inside.length] ?? "")}
    />
  ));
}
