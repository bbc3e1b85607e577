import type { EndReason } from "coatcheck/client";
import { useSession } from "coatcheck/react";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import type { Account } from "./wire.ts";

/** Describes an end of the session that the user did not request in this browser. */
export interface SessionEnd {
  readonly reason: Exclude<EndReason, "signed-out">;
  /** The user who was logged in. */
  readonly user: Account | null;
}

/** Reports logins, logouts and the end of the session, including those in another tab or on another device. */
export function useSessionEvents(listeners: {
  readonly loggedIn: (user: Account) => void;
  readonly loggedOut: () => void;
  readonly ended: () => void;
}): { readonly end: SessionEnd | undefined; readonly dismiss: () => void } {
  const [end, setEnd] = useState<SessionEnd>();
  const loggedIn = useEffectEvent(listeners.loggedIn);
  const loggedOut = useEffectEvent(listeners.loggedOut);
  const ended = useEffectEvent(listeners.ended);

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
