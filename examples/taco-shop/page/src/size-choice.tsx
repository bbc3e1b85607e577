import type { ReactNode } from "react";
import { formatPrice } from "./format.ts";
import { useLanguage } from "./language.tsx";
import type { Size } from "./wire.ts";

interface SizeChoiceProps {
  readonly sizes: readonly Size[];
  readonly chosen: string;
  readonly onChoose: (size: Size) => void;
}

export function SizeChoice({ sizes, chosen, onChoose }: SizeChoiceProps): ReactNode {
  const { language, words } = useLanguage();
  return (
    <fieldset>
      <legend>{words.size}</legend>
      <div className="sizes">
        {sizes.map((size) => (
          <label key={size.id} className="choice">
            <input
              type="radio"
              name="size"
              value={size.id}
              checked={size.id === chosen}
              onChange={() => onChoose(size)}
            />
            <span>
              <strong>{size.name[language]}</strong>
              <small>
                {formatPrice(size.price)} · {words.meatCount(size.meats)}
              </small>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
