"use client";

import { useRouter, useSearchParams } from "next/navigation";
import { useTransition } from "react";
import { storeWarehouse } from "../app/(office)/stock-actions.ts";
import type { Texts } from "../lib/texts/texts.ts";

interface Props {
  readonly choices: readonly { readonly xid: string; readonly name: string }[];
  readonly selected: string;
  /** Whether the selected warehouse is also the session's warehouse. */
  readonly isOwn: boolean;
  /** Whether the session stores a warehouse. If false, the session uses the user's default warehouse. */
  readonly hasChoice: boolean;
  readonly text: Texts;
}

/** Selects a warehouse for this tab. A button stores the selected warehouse in the session. */
export function WarehouseSwitch({ choices, selected, isOwn, hasChoice, text }: Props) {
  const router = useRouter();
  const search = useSearchParams();
  const [isPending, start] = useTransition();

  function show(xid: string): void {
    const query = new URLSearchParams(search);
    query.set("w", xid);
    start(() => router.push(`/?${query}`));
  }

  return (
    <div className="switch" aria-busy={isPending}>
      <label>
        {text.warehouse}
        <select value={selected} onChange={(event) => show(event.target.value)}>
          {choices.map(({ xid, name }) => (
            <option key={xid} value={xid}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {isOwn ? (
        hasChoice && <span className="tag">{text.storedInSession}</span>
      ) : (
        <form action={() => start(async () => void (await storeWarehouse(selected)))}>
          <button type="submit" disabled={isPending}>
            {text.storeInSession}
          </button>
        </form>
      )}
    </div>
  );
}
