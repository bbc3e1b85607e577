"use client";

import { useTransition } from "react";
import type { Texts } from "../../../lib/texts/texts.ts";
import { setActive } from "./actions.ts";

interface Props {
  readonly id: number;
  readonly name: string;
  readonly active: boolean;
  readonly text: Texts;
}

export function CompanySwitch({ id, name, active, text }: Props) {
  const [pending, start] = useTransition();
  const label = active ? text.suspend : text.resume;
  return (
    <span className="adjust">
      <span className={active ? "tag" : "tag warn"}>{active ? text.active : text.suspended}</span>
      <button
        type="button"
        disabled={pending}
        aria-label={`${label}: ${name}`}
        onClick={() => start(async () => void (await setActive(id, !active)))}
      >
        {label}
      </button>
    </span>
  );
}
