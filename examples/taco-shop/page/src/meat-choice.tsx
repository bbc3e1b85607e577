import type { ReactNode } from "react";
import { formatPrice } from "./format.ts";
import { useLanguage } from "./language.tsx";
import { fillingColour } from "./pictures/colours.ts";
import { Stepper } from "./stepper.tsx";
import type { Product, TacoContent } from "./wire.ts";

interface MeatChoiceProps {
  readonly meats: readonly Product[];
  readonly chosen: TacoContent["meats"];
  /** The number of meat portions in a taco of this size. */
  readonly max: number;
  readonly onChange: (meats: TacoContent["meats"]) => void;
}

/** Plus and minus buttons for the portions of each meat. The taco's size limits the total. */
export function MeatChoice({ meats, chosen, max, onChange }: MeatChoiceProps): ReactNode {
  const { language, words } = useLanguage();
  const portions = chosen.reduce((sum, { quantity }) => sum + quantity, 0);

  const take = (id: string, quantity: number) => {
    const isIn = chosen.some((meat) => meat.id === id);
    const next = isIn
      ? chosen.map((meat) => (meat.id === id ? { id, quantity } : meat))
      : [...chosen, { id, quantity }];
    onChange(next.filter((meat) => meat.quantity > 0));
  };

  return (
    <fieldset>
      <legend>
        {words.meats} <small aria-live="polite">{words.chosenMeatCount(portions, max)}</small>
      </legend>
      <ul className="meats">
        {meats.map(({ id, name, price, stock }) => {
          const quantity = chosen.find((meat) => meat.id === id)?.quantity ?? 0;
          return (
            <li key={id}>
              <span className="dot" style={{ background: fillingColour(id) }} />
              <span className="grow">
                {name[language]}
                {price > 0 && <small>+{formatPrice(price)}</small>}
                {stock === 0 && <small className="fault">{words.soldOut}</small>}
              </span>
              <Stepper
                name={name[language]}
                value={quantity}
                min={0}
                max={Math.min(stock, quantity + max - portions)}
                onChange={(next) => take(id, next)}
              />
            </li>
          );
        })}
      </ul>
    </fieldset>
  );
}
