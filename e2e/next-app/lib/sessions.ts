import { coatcheck } from "coatcheck/next";
import { type Data, openManager } from "./manager.ts";

export interface User {
  id: string;
  tenantId: string;
}

/** Finds a user. Returns null for a deleted user. */
const user = (id: string): User | null => (id === "deleted" ? null : { id, tenantId: `tenant-of-${id}` });

export const sessions = coatcheck<User, Data>(openManager, { user, signIn: "/login" });

/** Sessions without a login page: pages that require a login respond 401 to other visitors. */
export const sessionsWithoutLoginPage = coatcheck<User, Data>(openManager, { user });
