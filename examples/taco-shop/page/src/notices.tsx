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

interface Told extends Notices {
  readonly news: string;
  readonly warning: string;
}

const NoticesContext = createContext<Told | null>(null);

export function NoticesProvider({ children }: { readonly children: ReactNode }): ReactNode {
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
  const told = useMemo(() => ({ news, warning, tell, warn: setWarning }), [news, warning, tell]);

  return (
    <NoticesContext value={told}>
      {children}
      <NoticeBoard />
    </NoticesContext>
  );
}

/** Where notices are read. A modal dialog has one of its own, since what lies outside is out of reach meanwhile. */
export function NoticeBoard(): ReactNode {
  const { words } = useLanguage();
  const { news, warning, warn } = useTold();
  return (
    <div className="notices">
      <div role="status">{news && <p className="notice">{news}</p>}</div>
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

export const useNotices = (): Notices => useTold();

function useTold(): Told {
  const told = useContext(NoticesContext);
  if (!told) throw new Error("There is no <NoticesProvider> above this component.");
  return told;
}
