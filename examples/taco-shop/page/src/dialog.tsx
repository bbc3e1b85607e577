import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { useLanguage } from "./language.tsx";
import { NoticeBoard } from "./notices.tsx";

/** What is to be filled in first; of choices, the chosen one. */
const FIELD = ".dialog-head ~ * :is(input:not([type=radio], [readonly]), input:checked, select)";
/** Where there is nothing to be filled in. */
const CONTROL = ".dialog-head ~ * :is(button, a)";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly className?: string;
}

/** A modal dialog, open for as long as it is rendered: the browser keeps the focus inside and gives it back. */
export function Dialog({ title, onClose, children, className = "" }: DialogProps): ReactNode {
  const { words } = useLanguage();
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // Not the button that closes, which comes first: whoever presses Enter wants to go on.
    (element?.querySelector<HTMLElement>(FIELD) ?? element?.querySelector<HTMLElement>(CONTROL))?.focus();
    return () => element?.close();
  }, []);

  return (
    <dialog
      ref={dialog}
      className={`dialog ${className}`}
      aria-labelledby={titleId}
      onClose={(event) => {
        // Of a dialog that was only closed to be shown anew, the event comes too late.
        if (event.target === dialog.current && !dialog.current.open) onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === dialog.current) dialog.current.close();
      }}
    >
      <div className="dialog-sheet">
        <header className="dialog-head">
          <h2 id={titleId}>{title}</h2>
          <button
            type="button"
            className="round"
            aria-label={words.close}
            onClick={() => dialog.current?.close()}
          >
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <path d="M4 4l8 8M12 4l-8 8" />
            </svg>
          </button>
        </header>
        {children}
      </div>
      <NoticeBoard />
    </dialog>
  );
}
