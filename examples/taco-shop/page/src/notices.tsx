import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { useLanguage } from "./language.tsx";

/** Milliseconds that good news stays. */
const STAYS = 4000;

interface Notices {
  /** Good news: shown for a while, and read out when there is time. */
  readonly tell: (text: string) => void;
  /** Bad news: stays until it is dismissed, and is read out at once. */
  readonly warn: (text: string) => void;
}

const NoticesContext = createContext<Notices | null>(null);

export function NoticesProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const { words } = useLanguage();
  const [news, setNews] = useState("");
  const [warning, setWarning] = useState("");

  useEffect(() => {
    const timer = news && setTimeout(() => setNews(""), STAYS);
    return () => clearTimeout(timer || undefined);
  }, [news]);

  const tell = useCallback((text: string) => {
    setWarning("");
    setNews(text);
  }, []);
  const notices = useMemo(() => ({ tell, warn: setWarning }), [tell]);

  return (
    <NoticesContext value={notices}>
      {children}
      <div className="notices">
        <div role="status">{news && <p className="notice">{news}</p>}</div>
        <div role="alert">
          {warning && (
            <p className="notice notice-warning">
              {warning}
              <button type="button" className="quiet" onClick={() => setWarning("")}>
                {words.dismiss}
              </button>
            </p>
          )}
        </div>
      </div>
    </NoticesContext>
  );
}

export function useNotices(): Notices {
  const notices = useContext(NoticesContext);
  if (!notices) throw new Error("There is no <NoticesProvider> above this component.");
  return notices;
}
