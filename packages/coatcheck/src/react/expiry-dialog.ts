import { createElement as element, type ReactNode, useEffect, useId, useRef } from "react";
import { useSessionContext } from "./context.ts";
import { useSessionExpiry } from "./use-session-expiry.ts";

/** The texts of {@link SessionExpiryDialog}. Default: English. */
export interface ExpiryDialogLabels {
  readonly title: string;
  readonly text: (seconds: number) => string;
  readonly stay: string;
  readonly leave: string;
}

const ENGLISH_LABELS: ExpiryDialogLabels = {
  title: "Are you still there?",
  text: (seconds) => `You will be signed out in ${seconds} seconds.`,
  stay: "Stay signed in",
  leave: "Sign out",
};

/**
 * Before the session ends, asks the user whether to stay logged in (WCAG 2.2, success criterion 2.2.1). It is a native
 * modal dialog, so the browser keeps the focus inside and restores it afterwards. The Escape key means "stay", because
 * it shows that the user is present.
 */
export function SessionExpiryDialog(props: {
  readonly warnBeforeMs?: number;
  readonly labels?: ExpiryDialogLabels;
}): ReactNode {
  const { labels = ENGLISH_LABELS, ...options } = props;
  const { client } = useSessionContext();
  const { remainingMs, extend } = useSessionExpiry(options);
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const open = remainingMs !== null;

  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);

  // Ignore failures, because the countdown continues, and the client retries a failed sign-out.
  const stay = () => void extend().catch(() => {});
  const leave = () => void client.logout().catch(() => {});

  return element(
    "dialog",
    {
      ref: dialog,
      className: "coatcheck-expiry",
      "aria-labelledby": title,
      onCancel(event: { preventDefault(): void }) {
        event.preventDefault();
        stay();
      },
    },
    element("h2", { id: title }, labels.title),
    element("p", { role: "timer" }, labels.text(Math.ceil((remainingMs ?? 0) / 1000))),
    element("button", { type: "button", autoFocus: true, onClick: stay }, labels.stay),
    element("button", { type: "button", onClick: leave }, labels.leave),
  );
}
