import { createSessionClient } from "coatcheck/client";
import type { Account } from "./wire.ts";

const BASE_PATH = "/api/auth/session-v2";

/** The path of the session's event stream. */
export const EVENTS_PATH = `${BASE_PATH}/events`;

/** The page's session client. The page sends all its requests with this client. */
export const client = createSessionClient<Account>({
  baseUrl: BASE_PATH,
  // Replaces the default, which would reload the page. `useOrderList` reloads the orders, and nothing else on the page
  // depends on the user.
  onSubjectChange: () => {},
});
