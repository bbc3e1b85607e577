import type { ReactNode } from "react";
import { formatPrice } from "./format.ts";
import { useLanguage } from "./language.tsx";
import { Stepper } from "./stepper.tsx";
import type { Portion, Taco } from "./wire.ts";

interface BasketLineProps {
  readonly name: string;
  readonly details: readonly string[];
  readonly line: Taco | Portion;
  readonly picture: ReactNode;
  readonly mayEdit: boolean;
  readonly max: number;
  readonly onQuantity: (quantity: number) => void;
  readonly onRemove: () => void;
  readonly onEdit?: () => void;
}

export function BasketLine(props: BasketLineProps): ReactNode {
  const { name, details, line, picture, mayEdit, max, onQuantity, onRemove, onEdit } = props;
  const { words } = useLanguage();
  return (
    <li className="line">
      {picture}
      <div className="line-text">
        <h3>{name}</h3>
        {details.map((detail) => (
          <p key={detail}>{detail}</p>
        ))}
        {mayEdit && (
          <p className="line-actions">
            {onEdit && (
              <button type="button" className="quiet" aria-label={words.editItemLabel(name)} onClick={onEdit}>
                {words.edit}
              </button>
            )}
            <button
              type="button"
              className="quiet"
              aria-label={words.removeItemLabel(name)}
              onClick={onRemove}
            >
              {words.remove}
            </button>
          </p>
        )}
      </div>
      <div className="line-figures">
        <span>{formatPrice(line.total)}</span>
        {mayEdit ? (
          <Stepper name={name} value={line.quantity} min={1} max={max} onChange={onQuantity} />
        ) : (
          <small>× {line.quantity}</small>
        )}
      </div>
    </li>
  );
}
