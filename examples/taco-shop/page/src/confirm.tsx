import type { ReactNode } from "react";
import { Dialog } from "./dialog.tsx";
import { useLanguage } from "./language.tsx";

interface ConfirmProps {
  readonly title: string;
  readonly text: string;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

/** Asks for confirmation of a destructive action. The cancel button has the focus, so that pressing Enter cancels. */
export function Confirm({ title, text, onConfirm, onClose }: ConfirmProps): ReactNode {
  const { words } = useLanguage();
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{text}</p>
      <div className="dialog-foot">
        <button type="button" onClick={onClose}>
          {words.cancel}
        </button>
        <button type="button" className="main" onClick={onConfirm}>
          {title}
        </button>
      </div>
    </Dialog>
  );
}
