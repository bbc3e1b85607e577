import { followEvents } from "coatcheck/client";
import { useSession } from "coatcheck/react";
import { useEffect } from "react";
import { client, EVENTS_PATH } from "./session.ts";
import type { Account } from "./wire.ts";

/**
 * Receives the session's event stream while logged in, so that a logout from another device takes effect immediately.
 */
export function useFollowedSession(): void {
  const isLoggedIn = useSession<Account, boolean>({ select: ({ isAuthenticated }) => isAuthenticated });
  useEffect(() => (isLoggedIn ? followEvents(client, EVENTS_PATH) : undefined), [isLoggedIn]);
}
