import { createSessionClient } from "coatcheck/client";
import type { Account } from "./wire.ts";

const BASE = "/api/auth/session-v2";

/** The path of the session's event stream. */
export const EVENTS = `${BASE}/events`;

/** The page's session client. Every request goes through it. */
export const client = createSessionClient<Account>({
  baseUrl: BASE,
  // Default: reload the page. Not needed here: useOrderList reloads the orders, and nothing else depends on the user.
  onSubjectChange: () => {},
});
