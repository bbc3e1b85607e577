import type { ReactNode } from "react";
import { fillingColour } from "./colours.ts";

interface TacoPictureProps {
  readonly size: string;
  /** The ids of the fillings. */
  readonly fillings?: readonly string[];
}

interface TacoSizeProps {
  readonly inside: readonly string[];
}

const DEFAULT_FILLINGS = ["viande_hachee", "salade", "tomates", "cheddar", "maïs"];
/** The fillings in the second half of a mixed taco, until the user chooses fillings. */
const OTHER_FILLINGS = ["poulet_curry", "oignons", "salade", "curry", "olives"];

/** The picture of each size. */
const PICTURES: Readonly<Record<string, (props: TacoSizeProps) => ReactNode>> = {
  tacos_L: SingleTaco,
  tacos_L_mixte: HalvedTaco,
  tacos_XL: TacoInPaper,
  tacos_XXL: StackedTacos,
  tacos_GIGA: TacosOnBoard,
  tacos_BOWL: TacoBowl,
};

/** The picture of a taco with its fillings. Each size has a different picture. */
export function TacoPicture({ size, fillings = [] }: TacoPictureProps): ReactNode {
  const Picture = PICTURES[size] ?? SingleTaco;
  return (
    <svg viewBox="0 0 120 84" className="picture" aria-hidden="true">
      <Picture inside={fillings.length > 0 ? fillings : DEFAULT_FILLINGS} />
    </svg>
  );
}

/** Draws one small parcel. */
function SingleTaco({ inside }: TacoSizeProps): ReactNode {
  return (
    <>
      <ellipse cx="60" cy="70" rx="32" ry="5" fill="#000" opacity=".12" />
      <WrappedTaco inside={inside} length={36} transform="translate(33 13) scale(.82)" />
    </>
  );
}

/** Draws a parcel that is cut in two. Each half has different fillings. */
function HalvedTaco({ inside }: TacoSizeProps): ReactNode {
  const other = inside === DEFAULT_FILLINGS ? OTHER_FILLINGS : [...inside.slice(1), inside[0] ?? ""];
  return (
    <>
      <ellipse cx="60" cy="70" rx="52" ry="5" fill="#000" opacity=".12" />
      <WrappedTaco inside={inside} length={24} transform="translate(11 14) scale(.8)" />
      <WrappedTaco inside={other} length={24} transform="translate(109 14) scale(-.8 .8)" />
    </>
  );
}

/** Draws a long parcel, half wrapped in striped paper. */
function TacoInPaper({ inside }: TacoSizeProps): ReactNode {
  return (
    <g transform="translate(8 0)">
      <ellipse cx="52" cy="71" rx="50" ry="5" fill="#000" opacity=".12" />
      <WrappedTaco inside={inside} length={70} transform="translate(4 4) scale(.95)" />
      <path
        d="M8 21h44l6 5-5 5 6 5-5 5 6 5-5 5 6 5-5 5 6 5-4 5H8c-5 0-8-11-8-23s3-27 8-27z"
        fill="#fffaf0"
        stroke="#e2d3b4"
      />
      <path
        d="M14 21.500h7l-5 49.500h-6zM30 21.500h7l-5 49.500h-7zM46 21.500h6l4 4-5 45.500h-6z"
        fill="#b5371f"
        opacity=".85"
      />
    </g>
  );
}

/** Draws one parcel on top of two other parcels. */
function StackedTacos({ inside }: TacoSizeProps): ReactNode {
  return (
    <>
      <ellipse cx="60" cy="79" rx="54" ry="4" fill="#000" opacity=".12" />
      <WrappedTaco inside={inside} length={44} transform="translate(15 35) scale(.62)" />
      <WrappedTaco inside={inside} length={44} transform="translate(60 35) scale(.62)" />
      <WrappedTaco inside={inside} length={56} transform="translate(31 2) scale(.68)" />
    </>
  );
}

/** Draws a parcel that fills a wooden board, with a flag. */
function TacosOnBoard({ inside }: TacoSizeProps): ReactNode {
  return (
    <>
      <rect x="1" y="66" width="118" height="11" rx="5" fill="#8f5a32" />
      <rect x="1" y="66" width="118" height="4" rx="2" fill="#b27a4b" />
      <path d="M38 30V4" stroke="#7a5c49" strokeWidth="2" strokeLinecap="round" />
      <path d="M39 4h22l-5 6 5 6H39z" fill="#3f6b2c" />
      <WrappedTaco inside={inside} length={88} transform="translate(4 3) scale(.95)" />
    </>
  );
}

function TacoBowl({ inside }: TacoSizeProps): ReactNode {
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

interface ParcelProps extends TacoSizeProps {
  /** The length from the parcel's closed end to the cut. */
  readonly length: number;
  /** The SVG transform that positions the parcel. */
  readonly transform: string;
}

/** Draws a grilled parcel that is cut open at its right end. */
function WrappedTaco({ inside, length, transform }: ParcelProps): ReactNode {
  const left = 10;
  const cut = left + length;
  const bars = Array.from({ length: Math.floor(length / 13) }, (_, index) => left + 10 + index * 13);
  return (
    <g transform={transform}>
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
    </g>
  );
}

/** The positions of the fillings in the cut, relative to its centre. The unit is the radius of the cut. */
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

function Fillings(
  props: TacoSizeProps & Readonly<Record<"x" | "y" | "across" | "down" | "dot", number>>,
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
