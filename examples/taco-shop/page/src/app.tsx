import { useSession, useSessionMeta } from "coatcheck/react";
import { Activity, type ReactNode, useEffect, useEffectEvent, useState } from "react";
import { explain } from "./explain.ts";
import { Header } from "./header.tsx";
import { Join } from "./join.tsx";
import { useLanguage } from "./language.tsx";
import { useNotices } from "./notices.tsx";
import { client } from "./session.ts";
import { ShopScreen } from "./shop-screen.tsx";
import { useMenu } from "./use-menu.ts";
import { useOrders } from "./use-orders.ts";

/** The delay before the page loads menu and orders again after a failure, in milliseconds. */
const RETRY_DELAY = 5000;

const INVITATION_FRAGMENT_PATTERN = /^#\/join\/(.+)$/;

/** Renders the header and, when menu and orders are loaded, the shop. */
export function App(): ReactNode {
  const { language, words } = useLanguage();
  const { showNotice } = useNotices();
  const menu = useMenu();
  const orders = useOrders(language);
  const [invitation, setInvitation] = useInvitation();
  const isLoading = useSession({ select: ({ loading }) => loading });
  const meta = useSessionMeta();
  const error = menu.error ?? orders.error ?? (isLoading ? meta.error : undefined);
  const retry = useEffectEvent(() => void reload().catch(() => {}));
  const isFailed = error !== undefined;
  useEffect(() => {
    if (!isFailed) return;
    const listeners = new AbortController();
    addEventListener("online", () => retry(), listeners);
    const timer = setInterval(() => retry(), RETRY_DELAY);
    return () => {
      clearInterval(timer);
      listeners.abort();
    };
  }, [isFailed]);
  const reload = () => Promise.all([menu.load(), isLoading ? client.getSession() : orders.reload()]);

  return (
    <>
      <a className="skip" href="#order">
        {words.skipToOrder}
      </a>
      <Header menu={menu.menu} />
      {menu.menu && orders.orders ? (
        // The back button can restore the page of a user who has logged out. Hide the content until the session is
        // reloaded.
        <Activity mode={isLoading ? "hidden" : "visible"}>
          <ShopScreen menu={menu.menu} reloadStock={menu.reloadStock} orders={orders} />
        </Activity>
      ) : (
        <main className="waiting">
          {error === undefined ? (
            <p role="status">{words.loading}</p>
          ) : (
            <>
              <p role="alert">{explain(error, words, language)}</p>
              <button type="button" className="main" onClick={() => retry()}>
                {words.retry}
              </button>
            </>
          )}
        </main>
      )}
      {invitation && (
        <Join
          token={invitation}
          onClose={() => setInvitation(undefined)}
          onJoined={async (id) => {
            setInvitation(undefined);
            await orders.reload();
            orders.choose(id);
            showNotice(words.joined);
          }}
        />
      )}
    </>
  );
}

/**
 * Returns the token of an invitation link. Removes the token from the URL immediately, so that the browser history does
 * not contain it.
 */
function useInvitation() {
  const [token, setToken] = useState<string>();
  useEffect(() => {
    const readHash = () => {
      const [, found] = INVITATION_FRAGMENT_PATTERN.exec(location.hash) ?? [];
      if (!found) return;
      setToken(found);
      history.replaceState(null, "", location.pathname);
    };
    readHash();
    addEventListener("hashchange", readHash);
    return () => removeEventListener("hashchange", readHash);
  }, []);
  return [token, setToken] as const;
}
