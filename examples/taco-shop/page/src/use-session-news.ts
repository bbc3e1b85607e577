import { type EndReason, followEvents } from "coatcheck/client";
import { useSession } from "coatcheck/react";
import { useEffect, useEffectEvent, useRef, useState, useSyncExternalStore } from "react";
import { EVENTS, manager } from "./session.ts";
import type { Account } from "./wire.ts";

/** How a session ended that nobody here has ended. */
export interface SessionEnd {
  readonly reason: Exclude<EndReason, "signed-out">;
  /** Who was logged in. */
  readonly user: Account | null;
}

/** What becomes of the session, wherever that was done: here, in another tab, on another device. */
export function useSessionNews(tell: {
  readonly loggedIn: (user: Account) => void;
  readonly loggedOut: () => void;
  readonly ended: () => void;
}): { readonly end: SessionEnd | undefined; readonly dismiss: () => void } {
  const [end, setEnd] = useState<SessionEnd>();
  const loggedIn = useEffectEvent(tell.loggedIn);
  const loggedOut = useEffectEvent(tell.loggedOut);
  const ended = useEffectEvent(tell.ended);

  useFollowedSession();
  const session = useSession<Account>();
  const last = useRef(session);
  useEffect(() => {
    const before = last.current;
    last.current = session;
    if (session.isAuthenticated) {
      setEnd(undefined);
      if (!before.isAuthenticated && !before.loading) loggedIn(session.user);
    } else if (session.status === "none" && before.session) {
      const { reason = "expired" } = session;
      if (reason !== "signed-out") {
        setEnd({ reason, user: before.user });
        ended();
      } else if (before.user) loggedOut();
    }
  }, [session]);
  return { end, dismiss: () => setEnd(undefined) };
}

/**
 * Hears at once when a device is ended elsewhere. A browser has six connections for one host on HTTP/1.1, and each
 * visible tab needs one for its order: so one tab follows the session for all, and what it learns, the others hear of.
 */
function useFollowedSession(): void {
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
