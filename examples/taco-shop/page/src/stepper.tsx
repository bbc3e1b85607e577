import type { ReactNode } from "react";
import { useLanguage } from "./language.tsx";

interface StepperProps {
  readonly name: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly onChange: (value: number) => void;
}

/**
 * A number with a minus and a plus button. At a limit, a button is `aria-disabled` instead of `disabled`, to keep the
 * focus.
 */
export function Stepper({ name, value, min, max, onChange }: StepperProps): ReactNode {
  const { words } = useLanguage();
  const step = (next: number) => next >= min && next <= max && onChange(next);
  return (
    <span className="stepper">
      <button
        type="button"
        aria-label={words.fewerLabel(name)}
        aria-disabled={value <= min}
        onClick={() => step(value - 1)}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M4 8h8" />
        </svg>
      </button>
      <output>{value}</output>
      <button
        type="button"
        aria-label={words.moreLabel(name)}
        aria-disabled={value >= max}
        onClick={() => step(value + 1)}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M4 8h8M8 4v8" />
        </svg>
      </button>
    </span>
  );
}
