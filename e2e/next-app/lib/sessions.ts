import { coatcheck } from "coatcheck/next";
import { type Data, openManager } from "./manager.ts";
import { openVisits } from "./visits.ts";

export interface User {
  id: string;
  tenantId: string;
}

/** Finds a user. Returns null for a deleted user. */
const findUser = (id: string): User | null => (id === "deleted" ? null : { id, tenantId: `tenant-of-${id}` });

export const sessions = coatcheck<User, Data, ReturnType<typeof openVisits>>(openManager, {
  user: findUser,
  signIn: "/login",
  visits: openVisits,
});

/** Sessions without a login page. Pages that require a login respond 401 to visitors who are not logged in. */
export const sessionsWithoutLoginPage = coatcheck<User, Data>(openManager, { user: findUser });
