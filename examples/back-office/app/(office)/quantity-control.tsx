"use client";

import { useOptimistic, useState } from "react";
import type { Texts } from "../../lib/texts/texts.ts";
import { adjust } from "./stock-actions.ts";

interface Props {
  readonly id: number;
  readonly name: string;
  readonly quantity: number;
  readonly text: Texts;
}

/**
 * Shows the quantity of an item between a minus and a plus button. Shows a new quantity before the server has
 * responded. The buttons submit a form: if the user is faster than the page's scripts, React repeats a form submission,
 * but loses a click.
 */
export function QuantityControl({ id, name, quantity, text }: Props) {
  const [shown, addChange] = useOptimistic(quantity, (before, change: number) => before + change);
  const [error, setError] = useState<string | undefined>();

  async function change(form: FormData): Promise<void> {
    const by = Number(form.get("change"));
    addChange(by);
    const result = await adjust(id, by);
    setError(result.error);
  }

  return (
    <form action={change} className="adjust">
      <button
        type="submit"
        name="change"
        value={-1}
        disabled={shown <= 0}
        aria-label={`${text.removeOne}: ${name}`}
      >
        −
      </button>
      <output aria-label={`${text.quantity}: ${name}`}>{shown}</output>
      <button type="submit" name="change" value={1} aria-label={`${text.addOne}: ${name}`}>
        +
      </button>
      {error && (
        <span role="alert" className="error">
          {error}
        </span>
      )}
    </form>
  );
}
