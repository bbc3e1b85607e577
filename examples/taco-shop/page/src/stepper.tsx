import type { ReactNode } from "react";
import { useLanguage } from "./language.tsx";

interface StepperProps {
  readonly name: string;
  readonly value: number;
  readonly least: number;
  readonly most: number;
  readonly onChange: (value: number) => void;
}

/** A number with a minus and a plus button. At a limit the button is `aria-disabled`, so that it keeps the focus. */
export function Stepper({ name, value, least, most, onChange }: StepperProps): ReactNode {
  const { words } = useLanguage();
  const step = (next: number) => next >= least && next <= most && onChange(next);
  return (
    <span className="stepper">
      <button
        type="button"
        aria-label={words.fewer(name)}
        aria-disabled={value <= least}
        onClick={() => step(value - 1)}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M4 8h8" />
        </svg>
      </button>
      <output>{value}</output>
      <button
        type="button"
        aria-label={words.more(name)}
        aria-disabled={value >= most}
        onClick={() => step(value + 1)}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M4 8h8M8 4v8" />
        </svg>
      </button>
    </span>
  );
}
