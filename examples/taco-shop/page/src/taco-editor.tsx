import { type ReactNode, useRef, useState } from "react";
import { fillingsOf, tacoPrice } from "./describe.ts";
import { Dialog } from "./dialog.tsx";
import { FillingChoice } from "./filling-choice.tsx";
import { formatPrice } from "./format.ts";
import { useLanguage } from "./language.tsx";
import { MeatChoice } from "./meat-choice.tsx";
import { TacoPicture } from "./pictures/taco.tsx";
import { SizeChoice } from "./size-choice.tsx";
import { Stepper } from "./stepper.tsx";
import type { Menu, Size, TacoContent } from "./wire.ts";

interface TacoEditorProps {
  readonly menu: Menu;
  /** The initial content of the form. */
  readonly taco: TacoContent;
  readonly isNew: boolean;
  /** Resolves to an error text, or to undefined on success. */
  readonly onSave: (taco: TacoContent) => Promise<string | undefined>;
  readonly onClose: () => void;
}

/** The dialog to compose a new taco or to change a taco. */
export function TacoEditor({ menu, taco: first, isNew, onSave, onClose }: TacoEditorProps): ReactNode {
  const { words } = useLanguage();
  const [taco, setTaco] = useState(first);
  const [problem, setProblem] = useState<string>();
  const isSaving = useRef(false);
  const size = menu.sizes.find(({ id }) => id === taco.size);
  const change = (part: Partial<TacoContent>) => setTaco((current) => ({ ...current, ...part }));

  const save = async () => {
    if (isSaving.current) return;
    if (taco.meats.length === 0) return setProblem(words.chooseMeat);
    isSaving.current = true;
    setProblem(await onSave(taco));
    isSaving.current = false;
  };

  return (
    <Dialog title={isNew ? words.newTaco : words.editTaco} onClose={onClose} className="dialog-wide">
      <form
        className="editor"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <div className="editor-stage">
          <TacoPicture size={taco.size} fillings={fillingsOf(taco)} />
        </div>
        <div className="editor-choices">
          <SizeChoice
            sizes={menu.sizes}
            chosen={taco.size}
            onChoose={(size) => change({ size: size.id, meats: limitMeats(taco.meats, size) })}
          />
          <MeatChoice
            meats={menu.meats}
            chosen={taco.meats}
            max={size?.meats ?? 1}
            onChange={(meats) => change({ meats })}
          />
          <FillingChoice
            legend={words.sauces}
            products={menu.sauces}
            chosen={taco.sauces}
            max={menu.limits.sauces}
            onChange={(sauces) => change({ sauces })}
          />
          <FillingChoice
            legend={words.garnitures}
            products={menu.garnitures}
            chosen={taco.garnitures}
            onChange={(garnitures) => change({ garnitures })}
          />
        </div>
        <div className="dialog-foot">
          <p role="alert" className="fault">
            {problem}
          </p>
          <Stepper
            name={words.quantityQuestion}
            value={taco.quantity}
            min={1}
            max={menu.limits.quantity}
            onChange={(quantity) => change({ quantity })}
          />
          <button type="submit" className="main">
            {isNew ? words.addToOrder : words.saveTaco}
            <span className="sum">{formatPrice(tacoPrice(menu, taco) * taco.quantity)}</span>
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Limits the meats to the number of portions for a size. Keeps the meats that were chosen first. */
function limitMeats(meats: TacoContent["meats"], size: Size): TacoContent["meats"] {
  let room = size.meats;
  return meats.flatMap(({ id, quantity }) => {
    const taken = Math.min(quantity, room);
    room -= taken;
    return taken > 0 ? [{ id, quantity: taken }] : [];
  });
}
