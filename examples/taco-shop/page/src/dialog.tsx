import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { useLanguage } from "./language.tsx";
import { NoticeBoard } from "./notices.tsx";

/** Selects the first field of a dialog. In a group of radio buttons, selects the checked button. */
const FIELD_SELECTOR = ".dialog-body :is(input:not([type=radio], [readonly]), input:checked, select)";
/** Selects the first button or link of a dialog without fields. */
const CONTROL_SELECTOR = ".dialog-body :is(button, a)";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly className?: string;
}

/**
 * A modal dialog, which is open while it is rendered. The browser keeps the focus inside, and restores it after
 * closing.
 */
export function Dialog({ title, onClose, children, className = "" }: DialogProps): ReactNode {
  const { words } = useLanguage();
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // The close button is the first element. Enter should not close the dialog, so focus the first field instead.
    (
      element?.querySelector<HTMLElement>(FIELD_SELECTOR) ??
      element?.querySelector<HTMLElement>(CONTROL_SELECTOR)
    )?.focus();
    return () => element?.close();
  }, []);

  return (
    <dialog
      ref={dialog}
      className={`dialog ${className}`}
      aria-labelledby={titleId}
      onClose={(event) => {
        // React's strict mode closes and reopens a dialog. Ignore its close event, which arrives when the dialog is
        // open again.
        if (event.target === dialog.current && !dialog.current.open) onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === dialog.current) dialog.current.close();
      }}
    >
      <div className="dialog-sheet">
        <div className="dialog-head">
          <div className="dialog-title">
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
          </div>
          <NoticeBoard />
        </div>
        <div className="dialog-body">{children}</div>
      </div>
    </dialog>
  );
}
