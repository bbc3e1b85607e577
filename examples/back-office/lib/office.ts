import type { Jwts } from "coatcheck/jwt";
import type { OpenSessions } from "coatcheck-server";
import type { OfficeContext } from "./context.ts";
import type { Database } from "./database/database.ts";

/** The objects that all pages, actions and route handlers of this process share. */
export interface Office {
  readonly sessions: OpenSessions;
  readonly database: Database;
  readonly context: OfficeContext;
  /** Issues and verifies the JWTs of API requests. */
  readonly jwts: Jwts;
}

const globalScope: { backOffice?: Office } & object = globalThis;

/** Makes the objects available to the pages. `src/main.ts` calls this before Next.js starts. */
export function provideOffice(opened: Office): void {
  globalScope.backOffice = opened;
}

/**
 * Returns the shared objects. They are on `globalThis`, because Next.js bundles several copies of this module, and all
 * copies must use the same databases and context.
 *
 * @throws Error when Next.js was started without `src/main.ts`.
 */
export function getOffice(): Office {
  if (globalScope.backOffice) return globalScope.backOffice;
  throw new Error("The back office is not open. Start it with npm start -w examples/back-office.");
}
