import type { ReactNode } from "react";

/** Pictures of the sides, by product id. */
export const SIDES: Readonly<Record<string, () => ReactNode>> = {
  frites: () => <Fries />,
  frites_cheddar: () => (
    <>
      <Fries />
      <path
        d="M38 38c6-8 38-8 44 0 1 6-3 7-5 4-2 8-7 8-8 1-2 11-9 10-10 0-2 7-7 6-8-1-3 6-8 5-8-1-3 3-6 2-5-3z"
        fill="#f5a623"
      />
    </>
  ),
  potatoes: () => (
    <>
      {["M40 40l8-22 10 4-4 22z", "M54 40l6-26 11 3-5 25z", "M68 42l10-22 8 6-9 20z"].map((wedge) => (
        <path key={wedge} d={wedge} fill="#e2a443" stroke="#a9682b" strokeWidth="2" strokeLinejoin="round" />
      ))}
      <Carton colour="#4f7d3a" />
    </>
  ),
  nuggets_6: () => (
    <>
      {[
        [40, 56],
        [60, 60],
        [80, 56],
        [49, 42],
        [70, 42],
        [60, 28],
      ].map(([x = 0, y = 0]) => (
        <g key={`${x} ${y}`} transform={`translate(${x} ${y})`}>
          <path d="M-11 2c-2-8 5-11 11-10s13 2 12 9-6 9-12 9-10-3-11-8z" fill="#dca04a" />
          <path d="M-5-3c2-2 5-2 7-1" stroke="#f3cd86" strokeWidth="2.4" fill="none" strokeLinecap="round" />
        </g>
      ))}
    </>
  ),
  mozzarella_sticks_5: () => (
    <>
      {[0, 1, 2, 3, 4].map((index) => (
        <rect
          key={index}
          x={28 + index * 13}
          y={20 + (index % 2) * 5}
          width="10"
          height="44"
          rx="5"
          fill={index % 2 ? "#d4933f" : "#e2a850"}
        />
      ))}
      <path d="M24 50h72l-6 22a4 4 0 0 1-4 3H34a4 4 0 0 1-4-3z" fill="#b5371f" />
      <path d="M24 50h72l-1.6 6H25.6z" fill="#f3cf8e" />
    </>
  ),
  onion_rings_8: () => (
    <>
      {[
        [44, 54, 15],
        [74, 56, 15],
        [60, 36, 16],
      ].map(([x, y, radius]) => (
        <g key={x} fill="none">
          <ellipse cx={x} cy={y} rx={radius} ry="12" stroke="#c98331" strokeWidth="9" />
          <ellipse cx={x} cy={y} rx={radius} ry="12" stroke="#e8b35c" strokeWidth="5" />
        </g>
      ))}
    </>
  ),
};

function Fries(): ReactNode {
  const sticks = [
    [40, 22, -8],
    [47, 14, -4],
    [54, 18, 2],
    [61, 11, 0],
    [68, 17, 4],
    [74, 14, 7],
    [79, 23, 10],
  ];
  return (
    <>
      {sticks.map(([x = 0, y = 0, lean]) => (
        <rect
          key={x}
          x={x - 3}
          y={y}
          width="6.5"
          height="40"
          rx="1.5"
          fill={x % 2 ? "#f6cf57" : "#eebb3c"}
          transform={`rotate(${lean} ${x} 60)`}
        />
      ))}
      <Carton colour="#b5371f" />
    </>
  );
}

function Carton({ colour }: { readonly colour: string }): ReactNode {
  return (
    <>
      <path d="M32 38c8 8 48 8 56 0l-7 36a4 4 0 0 1-4 3H43a4 4 0 0 1-4-3z" fill={colour} />
      <path d="M52 54a8 8 0 0 1 16 0v2H52z" fill="#fbeac6" />
    </>
  );
}
