import { coatcheck } from "coatcheck/next";
import { type Data, openManager } from "./manager.ts";

export interface User {
  id: string;
  tenantId: string;
}

/** Null for a user who was deleted. */
const user = (id: string): User | null => (id === "deleted" ? null : { id, tenantId: `tenant-of-${id}` });

export const sessions = coatcheck<User, Data>(openManager, { user, signIn: "/login" });

/** Without a login page: a page that requires a login responds 401. */
export const strict = coatcheck<User, Data>(openManager, { user });
