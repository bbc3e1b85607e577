import { followEvents } from "coatcheck/client";
import { useSession } from "coatcheck/react";
import { useEffect, useSyncExternalStore } from "react";
import { EVENTS, manager } from "./session.ts";
import type { Account } from "./wire.ts";

/**
 * Hears at once when a device is ended elsewhere. A browser has six connections for one host on HTTP/1.1, and each
 * visible tab needs one for its order: so one tab follows the session for all, and what it learns, the others hear of.
 */
export function useFollowedSession(): void {
  const isLoggedIn = useSession<Account, boolean>({ select: ({ isAuthenticated }) => isAuthenticated });
  const isVisible = useSyncExternalStore(onVisibility, () => document.visibilityState === "visible");

  useEffect(() => {
    if (!isLoggedIn || !isVisible) return;
    const over = new AbortController();
    const { signal } = over;
    const follow = () =>
      new Promise<void>((done) => {
        const stop = followEvents(manager, EVENTS);
        signal.addEventListener("abort", () => {
          stop();
          done();
        });
      });
    // Without https there are no locks: then each tab follows for itself.
    if (navigator.locks) navigator.locks.request("taco-shop.session", { signal }, follow).catch(() => {});
    else void follow();
    return () => over.abort();
  }, [isLoggedIn, isVisible]);
}

function onVisibility(changed: () => void): () => void {
  document.addEventListener("visibilitychange", changed);
  return () => document.removeEventListener("visibilitychange", changed);
}
