import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { useLanguage } from "./language.tsx";

/** Milliseconds that an information notice stays. */
const NOTICE_DURATION = 4000;

interface Notices {
  /** Shows an information notice for a few seconds. Screen readers announce it politely. */
  readonly tell: (text: string) => void;
  /** Shows a warning until it is dismissed. Screen readers announce it immediately. */
  readonly warn: (text: string) => void;
}

interface NoticesState extends Notices {
  readonly notice: string;
  readonly warning: string;
}

const NoticesContext = createContext<NoticesState | null>(null);

export function NoticesProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [notice, setNotice] = useState("");
  const [warning, setWarning] = useState("");

  useEffect(() => {
    const timer = notice && setTimeout(() => setNotice(""), NOTICE_DURATION);
    return () => clearTimeout(timer || undefined);
  }, [notice]);

  const tell = useCallback((text: string) => {
    setWarning("");
    setNotice(text);
  }, []);
  const state = useMemo(() => ({ notice, warning, tell, warn: setWarning }), [notice, warning, tell]);

  return (
    <NoticesContext value={state}>
      {children}
      <NoticeBoard />
    </NoticesContext>
  );
}

/** Shows the notices. A modal dialog renders its own board, because the page outside it is inert. */
export function NoticeBoard(): ReactNode {
  const { words } = useLanguage();
  const { notice, warning, warn } = useNoticesState();
  return (
    <div className="notices">
      <div role="status">{notice && <p className="notice">{notice}</p>}</div>
      <div role="alert">
        {warning && (
          <p className="notice notice-warning">
            {warning}
            <button type="button" className="quiet" onClick={() => warn("")}>
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
