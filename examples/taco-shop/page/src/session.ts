import { createSessionManager } from "coatcheck/client";
import type { Account } from "./wire.ts";

const BASE = "/api/auth/session-v2";

/** Where the server tells what becomes of the session. */
export const EVENTS = `${BASE}/events`;

/** Whom the shop takes this browser for. One for the page: every request goes through it. */
export const manager = createSessionManager<Account>({
  baseUrl: BASE,
  // The orders are read anew for whoever comes next; the rest of the page is everybody's.
  onSubjectChange: () => {},
});

/**
 * Resolves once no sign-out is under way. Rejects while the shop has not heard of one: the cookie would still speak for
 * whoever has left.
 */
export async function signedOut(): Promise<void> {
  const { $meta } = manager;
  if ($meta.get().signOut === "pending") {
    await new Promise<void>((done) => {
      const stop = $meta.listen(({ signOut }) => {
        if (signOut === "pending") return;
        stop();
        done();
      });
    });
  }
  if ($meta.get().signOut === "failed") throw new Error("The shop has not heard of the sign-out yet.");
}
