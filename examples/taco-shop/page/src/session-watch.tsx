import { SessionExpiryDialog, useSession } from "coatcheck/react";
import { type ReactNode, useMemo } from "react";
import { useLanguage } from "./language.tsx";
import { useNotices } from "./notices.tsx";
import { useSessionNews } from "./use-session-news.ts";
import type { Account } from "./wire.ts";

/** Says what becomes of the session: before it ends by itself, and when it has ended. */
export function SessionWatch({ onLogIn }: { readonly onLogIn: () => void }): ReactNode {
  const { words } = useLanguage();
  const { tell } = useNotices();
  const isLoggedIn = useSession<Account, boolean>({ select: ({ isAuthenticated }) => isAuthenticated });
  const { end, dismiss } = useSessionNews({
    loggedIn: ({ name }) => tell(words.account.welcome(name)),
    loggedOut: () => tell(words.account.loggedOut),
    // What was news of the session is none any more.
    ended: () => tell(""),
  });
  const labels = useMemo(() => (isLoggedIn ? words.expiry.account : words.expiry.visit), [words, isLoggedIn]);
  const ended = end?.user ? words.ended.account : words.ended.visit;

  return (
    <>
      <SessionExpiryDialog labels={labels} />
      <div role="alert">
        {end && (
          <div className="session-end">
            <p>{ended[end.reason]}</p>
            <p className="session-end-ways">
              {end.user && (
                <button type="button" className="main" onClick={onLogIn}>
                  {words.account.logIn}
                </button>
              )}
              <button type="button" onClick={dismiss}>
                {words.dismiss}
              </button>
            </p>
          </div>
        )}
      </div>
    </>
  );
}
