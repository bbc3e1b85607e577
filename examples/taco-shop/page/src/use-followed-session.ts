import { followEvents } from "coatcheck/client";
import { useSession } from "coatcheck/react";
import { useEffect } from "react";
import { EVENTS, manager } from "./session.ts";
import type { Account } from "./wire.ts";

/** Hears at once when a device is ended elsewhere. */
export function useFollowedSession(): void {
  const isLoggedIn = useSession<Account, boolean>({ select: ({ isAuthenticated }) => isAuthenticated });
  useEffect(() => (isLoggedIn ? followEvents(manager, EVENTS) : undefined), [isLoggedIn]);
}
