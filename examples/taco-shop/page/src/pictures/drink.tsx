import type { ReactNode } from "react";

/** Pictures of the drinks, by product id. */
export const DRINKS: Readonly<Record<string, () => ReactNode>> = {
  coca_cola: () => <Bottle glass="#4a2313" label="#cf2a1e" cap="#cf2a1e" mark="#fff" />,
  coca_cola_zero: () => <Bottle glass="#4a2313" label="#221c1a" cap="#221c1a" mark="#e5453a" />,
  rivella_rouge: () => <Bottle glass="#c98a3c" label="#d8362a" cap="#fff4e0" mark="#fff" />,
  the_froid_peche: () => <Bottle glass="#b4682c" label="#f7b98a" cap="#4f7d3a" mark="#e5743c" />,
  eau_gazeuse: () => (
    <>
      <Bottle glass="#a8d3d6" label="#2f7f94" cap="#2f7f94" mark="#fff" />
      {[
        [54, 33],
        [64, 28],
        [61, 38],
      ].map(([x, y]) => (
        <circle key={x} cx={x} cy={y} r="1.8" fill="#fff" />
      ))}
    </>
  ),
  eau_plate: () => <Bottle glass="#bfe0ea" label="#5da9c9" cap="#fff4e0" mark="#fff" />,
  ayran: () => (
    <>
      <path d="M40 24h40l-5 48a4 4 0 0 1-4 4H49a4 4 0 0 1-4-4z" fill="#fffaf0" stroke="#d9cbb0" />
      <path d="M42 40h36l-2 18H44z" fill="#5da9c9" />
      <path d="M54 53c0-5 2-8 6-8s6 3 6 8" stroke="#fff" strokeWidth="3" fill="none" strokeLinecap="round" />
      <ellipse cx="60" cy="24" rx="21" ry="5" fill="#e4eef0" stroke="#c3d2d6" />
    </>
  ),
};

interface BottleProps {
  readonly glass: string;
  readonly label: string;
  readonly cap: string;
  readonly mark: string;
}

function Bottle({ glass, label, cap, mark }: BottleProps): ReactNode {
  return (
    <>
      <path d="M54 14h12v10c0 6 8 8 8 18v30a5 5 0 0 1-5 5H51a5 5 0 0 1-5-5V42c0-10 8-12 8-18z" fill={glass} />
      <rect x="52.5" y="7" width="15" height="8" rx="2" fill={cap} />
      <path d="M46 44h28v18H46z" fill={label} />
      <path d="M50 55c5-7 8 4 20-5" stroke={mark} strokeWidth="2.6" fill="none" strokeLinecap="round" />
      <path
        d="M51 39c1-5 4-7 5-12"
        stroke="#fff"
        strokeWidth="2.4"
        opacity=".5"
        strokeLinecap="round"
        fill="none"
      />
    </>
  );
}
