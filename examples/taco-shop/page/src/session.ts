import { createSessionClient } from "coatcheck/client";
import type { Account } from "./wire.ts";

const BASE = "/api/auth/session-v2";

/** Where the server tells what becomes of the session. */
export const EVENTS = `${BASE}/events`;

/** Whom the shop takes this browser for. One for the page: every request goes through it. */
export const manager = createSessionClient<Account>({
  baseUrl: BASE,
  // The orders are read anew for whoever comes next; the rest of the page is everybody's.
  onSubjectChange: () => {},
});
