import type { ReactNode } from "react";
import { formatPrice } from "./format.ts";
import { useLanguage } from "./language.tsx";
import { fillingColour } from "./pictures/colours.ts";
import type { Product } from "./wire.ts";

interface FillingChoiceProps {
  readonly legend: string;
  readonly products: readonly Product[];
  readonly chosen: readonly string[];
  /** The largest number of products to choose. Default: no limit. */
  readonly max?: number;
  readonly onChange: (chosen: readonly string[]) => void;
}

/** Checkboxes for sauces or garnitures. */
export function FillingChoice(props: FillingChoiceProps): ReactNode {
  const { legend, products, chosen, max = products.length, onChange } = props;
  const { language, words } = useLanguage();
  const isFull = chosen.length >= max;
  return (
    <fieldset>
      <legend>
        {legend} <small>{max < products.length ? words.atMost(max) : words.anyNumber}</small>
      </legend>
      <div className="chips">
        {products.map(({ id, name, price, stock }) => {
          const isChosen = chosen.includes(id);
          return (
            <label key={id} className="chip">
              <input
                type="checkbox"
                checked={isChosen}
                disabled={!isChosen && (isFull || stock === 0)}
                onChange={() => onChange(isChosen ? chosen.filter((each) => each !== id) : [...chosen, id])}
              />
              <span>
                <span className="dot" style={{ background: fillingColour(id) }} />
                <span>
                  {name[language]} {price > 0 && <small>+{formatPrice(price)}</small>}{" "}
                  {stock === 0 && <small>{words.soldOut}</small>}
                </span>
              </span>
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}
