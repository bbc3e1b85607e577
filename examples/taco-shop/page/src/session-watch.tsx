import { SessionExpiryDialog, useSession } from "coatcheck/react";
import type { ReactNode } from "react";
import { useLanguage } from "./language.tsx";
import { useNotices } from "./notices.tsx";
import { useFollowedSession } from "./use-followed-session.ts";
import { useSessionEvents } from "./use-session-events.ts";
import type { Account } from "./wire.ts";

/** Warns before the session expires, and reports logins, logouts and the end of the session. */
export function SessionWatch({ onLogIn }: { readonly onLogIn: () => void }): ReactNode {
  const { words } = useLanguage();
  const { showNotice } = useNotices();
  const isLoggedIn = useSession<Account, boolean>({ select: ({ isAuthenticated }) => isAuthenticated });
  useFollowedSession();
  const { end, dismiss } = useSessionEvents({
    loggedIn: ({ name }) => showNotice(words.account.welcome(name)),
    loggedOut: () => showNotice(words.account.loggedOut),
    // Remove an earlier notice about the session, such as the welcome after a login.
    ended: () => showNotice(""),
  });
  const ended = end?.user ? words.ended.account : words.ended.visit;

  return (
    <>
      <SessionExpiryDialog labels={isLoggedIn ? words.expiry.account : words.expiry.visit} />
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
