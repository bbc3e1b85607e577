"use client";

import { useActionState } from "react";
import type { Texts } from "../../../lib/texts/texts.ts";
import { setActive } from "./actions.ts";

interface Props {
  readonly id: number;
  readonly name: string;
  readonly active: boolean;
  readonly text: Texts;
}

export function CompanySwitch({ id, name, active, text }: Props) {
  const [, send, pending] = useActionState(async () => void (await setActive(id, !active)), undefined);
  const label = active ? text.suspend : text.resume;
  return (
    <form action={send} className="adjust">
      <span className={active ? "tag" : "tag warn"}>{active ? text.active : text.suspended}</span>
      <button type="submit" disabled={pending} aria-label={`${label}: ${name}`}>
        {label}
      </button>
    </form>
  );
}
