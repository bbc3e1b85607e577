import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { useLanguage } from "./language.tsx";
import { NoticeBoard } from "./notices.tsx";

/** Selects the first field of a dialog. In a group of radio buttons, selects the checked button. */
const FIELD_SELECTOR = ".dialog-body :is(input:not([type=radio], [readonly]), input:checked, select)";
/** Selects the first button or link of a dialog without fields. */
const CONTROL_SELECTOR = ".dialog-body :is(button, a)";

/**
 * Moves the focus to the first field, or to the first control that is visible without scrolling, or to the title.
 * Without this, the browser would focus the close button, and Enter would close the dialog.
 */
function focusFirst(dialog: HTMLDialogElement): void {
  const control = dialog.querySelector<HTMLElement>(CONTROL_SELECTOR);
  const bottom = dialog.getBoundingClientRect().bottom;
  const isVisible = control && control.getBoundingClientRect().bottom <= bottom;
  const first = dialog.querySelector<HTMLElement>(FIELD_SELECTOR) ?? (isVisible ? control : null);
  (first ?? dialog.querySelector<HTMLElement>("h2"))?.focus();
}

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
    if (element) focusFirst(element);
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
            <h2 id={titleId} tabIndex={-1}>
              {title}
            </h2>
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
