import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { useLanguage } from "./language.tsx";
import { client } from "./session.ts";

/** How long a notice without a warning is shown, in milliseconds. */
const NOTICE_DURATION = 4000;
/** The delay between attempts to reach the shop while a connection warning is shown, in milliseconds. */
const RETRY_DELAY = 3000;

interface Notices {
  /** Shows a text for a few seconds. Screen readers announce it politely. */
  readonly showNotice: (text: string) => void;
  /**
   * Shows a warning until it is dismissed. Screen readers announce it immediately.
   *
   * @param end `connected`: the warning disappears when the shop responds again.
   */
  readonly showWarning: (text: string, end?: "connected") => void;
}

interface Warning {
  readonly text: string;
  readonly end?: "connected" | undefined;
}

interface NoticesState extends Notices {
  readonly notice: string;
  readonly warning: Warning;
}

const NO_WARNING: Warning = { text: "" };

const NoticesContext = createContext<NoticesState | null>(null);

export function NoticesProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [notice, setNotice] = useState("");
  const [warning, setWarning] = useState(NO_WARNING);

  useEffect(() => {
    const timer = notice && setTimeout(() => setNotice(""), NOTICE_DURATION);
    return () => clearTimeout(timer || undefined);
  }, [notice]);

  useEffect(() => (warning.end ? whenConnected(() => setWarning(NO_WARNING)) : undefined), [warning]);

  const showNotice = useCallback((text: string) => {
    setWarning(NO_WARNING);
    setNotice(text);
  }, []);
  const showWarning = useCallback<Notices["showWarning"]>((text, end) => setWarning({ text, end }), []);
  const state = useMemo(
    () => ({ notice, warning, showNotice, showWarning }),
    [notice, warning, showNotice, showWarning],
  );

  return <NoticesContext value={state}>{children}</NoticesContext>;
}

/** Shows the notices. A modal dialog renders its own notices, because the page outside the dialog is inert. */
export function NoticeBoard(): ReactNode {
  const { words } = useLanguage();
  const { notice, warning, showWarning } = useNoticesState();
  return (
    <div className="notices">
      <div role="status">{notice && <p className="notice">{notice}</p>}</div>
      <div role="alert">
        {warning.text && (
          <p className="notice notice-warning">
            {warning.text}
            <button type="button" className="quiet" onClick={() => showWarning("")}>
              {words.dismiss}
            </button>
          </p>
        )}
      </div>
    </div>
  );
}

export const useNotices = (): Notices => useNoticesState();

function useNoticesState(): NoticesState {
  const state = useContext(NoticesContext);
  if (!state) throw new Error("useNotices() needs a <NoticesProvider> above the component.");
  return state;
}

/**
 * Calls `onConnected` when the shop responds and no logout is pending.
 *
 * @returns a function that stops trying.
 */
function whenConnected(onConnected: () => void): () => void {
  const listeners = new AbortController();
  const attempt = async () => {
    // If a logout is pending, this call sends it first.
    await client.getSession({ fresh: true }).catch(() => {});
    const { error, offline, signOut } = client.$meta.get();
    if (!listeners.signal.aborted && !error && !offline && !signOut) onConnected();
  };
  const timer = setInterval(attempt, RETRY_DELAY);
  addEventListener("online", attempt, listeners);
  return () => {
    clearInterval(timer);
    listeners.abort();
  };
}
