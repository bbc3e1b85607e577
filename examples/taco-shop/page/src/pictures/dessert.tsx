import type { ReactNode } from "react";

/** Pictures of the desserts, by product id. */
export const DESSERTS: Readonly<Record<string, () => ReactNode>> = {
  tiramisu: () => (
    <>
      <path d="M36 26h48l-4 46a5 5 0 0 1-5 4H45a5 5 0 0 1-5-4z" fill="#fff6e2" />
      <path d="M37.5 38h45l-1 9h-43zM39.5 57h41l-1 9h-39z" fill="#b98552" />
      <ellipse cx="60" cy="26" rx="24" ry="6" fill="#5b3220" />
      {[50, 60, 70].map((x) => (
        <circle key={x} cx={x} cy={25} r="1.4" fill="#8a5a3c" />
      ))}
    </>
  ),
  tarte_daim: () => (
    <>
      <path d="M22 50l66-22c6 4 10 10 10 18v4z" fill="#7a4327" />
      <path d="M22 50h76v20a4 4 0 0 1-4 4H26a4 4 0 0 1-4-4z" fill="#e8c48c" />
      <path d="M22 50h76v7H22z" fill="#5b2f1b" />
      <path d="M22 64h76" stroke="#fff3da" strokeWidth="3" />
      {[
        [58, 44],
        [72, 40],
        [84, 44],
        [76, 34],
      ].map(([x, y]) => (
        <rect key={x} x={x} y={y} width="6" height="4" rx="1" fill="#e9b24c" />
      ))}
    </>
  ),
  moelleux_chocolat: () => (
    <>
      <ellipse cx="60" cy="70" rx="42" ry="7" fill="#fff6e2" />
      <path d="M36 34h48l4 32a4 4 0 0 1-4 4H36a4 4 0 0 1-4-4z" fill="#4e2716" />
      <ellipse cx="60" cy="34" rx="24" ry="7" fill="#6a3820" />
      <path d="M50 35c2 4 18 4 22 0 2 10 2 16 5 22 1 6-6 6-7 1-2-6-3-9-4-14-6 2-13-1-16-9z" fill="#a1602f" />
      <path d="M56 22c-4-5 3-7 0-12M66 22c-4-5 3-7 0-12" className="steam" />
    </>
  ),
  baklava: () => (
    <>
      {[
        [60, 28],
        [38, 50],
        [82, 50],
      ].map(([x, y]) => (
        <g key={x} transform={`translate(${x} ${y})`}>
          <path d="M0-14l20 12L0 10-20-2z" fill="#eab558" />
          <path d="M-20-2L0 10v12l-20-12z" fill="#c98331" />
          <path d="M20-2L0 10v12l20-12z" fill="#a9682b" />
          <path d="M-20 3L0 15 20 3" stroke="#f3cf8e" strokeWidth="1.6" fill="none" />
          <ellipse cy="-2" rx="6" ry="3.5" fill="#7fa648" />
        </g>
      ))}
    </>
  ),
};
