import { useSession, useSessionMeta } from "coatcheck/react";
import { Activity, type ReactNode, useEffect, useState } from "react";
import { explain } from "./explain.ts";
import { Header } from "./header.tsx";
import { Join } from "./join.tsx";
import { useLanguage } from "./language.tsx";
import { useNotices } from "./notices.tsx";
import { manager } from "./session.ts";
import { ShopFloor } from "./shop-floor.tsx";
import { useMenu } from "./use-menu.ts";
import { useOrders } from "./use-orders.ts";

const INVITATION = /^#\/join\/(.+)$/;

/** The shop: its front, and what is behind it once the menu is known. */
export function App(): ReactNode {
  const { language, words } = useLanguage();
  const { tell } = useNotices();
  const menu = useMenu();
  const orders = useOrders(language);
  const [invitation, setInvitation] = useInvitation();
  const isUnknown = useSession({ select: ({ loading }) => loading });
  const meta = useSessionMeta();
  const error = menu.error ?? orders.error ?? (isUnknown ? meta.error : undefined);
  const reload = () => Promise.all([menu.load(), isUnknown ? manager.getSession() : orders.reload()]);

  return (
    <>
      <a className="skip" href="#order">
        {words.skip}
      </a>
      <Header />
      {menu.menu && orders.orders ? (
        // Whoever comes back by the back button may have logged out meanwhile: nothing shows until that is known.
        <Activity mode={isUnknown ? "hidden" : "visible"}>
          <ShopFloor menu={menu.menu} restock={menu.restock} orders={orders} />
        </Activity>
      ) : (
        <main className="waiting">
          {error === undefined ? (
            <p role="status">{words.loading}</p>
          ) : (
            <>
              <p role="alert">{explain(error, words, language)}</p>
              <button type="button" className="main" onClick={() => void reload().catch(() => {})}>
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

/** The token of the link by which somebody came. It leaves the address at once, and with that the history. */
function useInvitation() {
  const [token, setToken] = useState<string>();
  useEffect(() => {
    const look = () => {
      const [, found] = INVITATION.exec(location.hash) ?? [];
      if (!found) return;
      setToken(found);
      history.replaceState(null, "", location.pathname);
    };
    look();
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  return [token, setToken] as const;
}
