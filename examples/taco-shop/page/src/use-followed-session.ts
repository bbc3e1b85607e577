import { followEvents } from "coatcheck/client";
import { useSession } from "coatcheck/react";
import { useEffect } from "react";
import { client, EVENTS } from "./session.ts";
import type { Account } from "./wire.ts";

/** Follows the session's event stream while logged in, so that a logout from another device shows immediately. */
export function useFollowedSession(): void {
  const isLoggedIn = useSession<Account, boolean>({ select: ({ isAuthenticated }) => isAuthenticated });
  useEffect(() => (isLoggedIn ? followEvents(client, EVENTS) : undefined), [isLoggedIn]);
}
