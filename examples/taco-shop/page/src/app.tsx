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

/** Milliseconds until a page that could not be loaded is loaded again. */
const RETRY_AFTER = 5000;

const INVITATION = /^#\/join\/(.+)$/;

/** The page: the header, and the shop once menu and orders are loaded. */
export function App(): ReactNode {
  const { language, words } = useLanguage();
  const { tell } = useNotices();
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
    const timer = setInterval(() => retry(), RETRY_AFTER);
    return () => {
      clearInterval(timer);
      listeners.abort();
    };
  }, [isFailed]);
  const reload = () => Promise.all([menu.load(), isLoading ? client.getSession() : orders.reload()]);

  return (
    <>
      <a className="skip" href="#order">
        {words.skip}
      </a>
      <Header />
      {menu.menu && orders.orders ? (
        // The back button can restore a page whose user has logged out since. Hide it until the session is reloaded.
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
            tell(words.joined);
          }}
        />
      )}
    </>
  );
}

/**
 * The token of an invitation link. It is removed from the address immediately, so that the browser history has no
 * token.
 */
function useInvitation() {
  const [token, setToken] = useState<string>();
  useEffect(() => {
    const readHash = () => {
      const [, found] = INVITATION.exec(location.hash) ?? [];
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
