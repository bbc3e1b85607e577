import type { ReactNode } from "react";
import { Dialog } from "./dialog.tsx";
import { Field } from "./field.tsx";
import { useLanguage } from "./language.tsx";

interface NewOrderProps {
  readonly onOpen: (label: string) => void;
  readonly onClose: () => void;
}

/** Asks for an optional name, then opens another order. */
export function NewOrder({ onOpen, onClose }: NewOrderProps): ReactNode {
  const { words } = useLanguage();
  return (
    <Dialog title={words.newOrder} onClose={onClose}>
      <form
        className="checkout"
        onSubmit={(event) => {
          event.preventDefault();
          onOpen(String(new FormData(event.currentTarget).get("name") ?? "").trim());
        }}
      >
        <p className="hint">{words.newOrderHint}</p>
        <Field label={words.orderNameQuestion} hint={words.orderNameHint} name="name" maxLength={40} />
        <div className="dialog-foot">
          <button type="submit" className="main">
            {words.openOrder}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
