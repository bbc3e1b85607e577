/**
 * The session endpoints for Next.js, in one route handler: `app/session/[[...path]]/route.ts`.
 *
 * @example
 * import { SessionManager } from "coatcheck";
 * import { coatcheck } from "coatcheck/next";
 * import { sessionRoutes } from "coatcheck/routes/next";
 * import { memoryStore } from "coatcheck/store/memory";
 *
 * declare function checkPassword(credentials: object): Promise<{ id: string } | null>;
 *
 * const sessions = coatcheck(
 *   () => new SessionManager({ store: memoryStore(), secrets: ["a long secret of your own"] }),
 * );
 * export const { GET, POST, DELETE } = sessionRoutes(sessions, {
 *   authenticate: async (credentials) => {
 *     const account = await checkPassword(credentials);
 *     return account && { subject: account.id };
 *   },
 * });
 *
 * @module
 */

import { CoatcheckError } from "../../session/errors.ts";
import type { JsonObject } from "../../session/json.ts";
import type { NextSessions } from "../next/adapter.ts";
import type { RouteHandler } from "../next/route-handler.ts";
import type { SessionRoutesOptions } from "./options.ts";
import { readText } from "./request.ts";
import { failureResponse } from "./responses.ts";
import { SessionRoutes } from "./session-routes.ts";

/** The exports of the route's file. */
export interface NextRouteHandlers {
  readonly GET: RouteHandler<unknown>;
  readonly POST: RouteHandler<unknown>;
  readonly DELETE: RouteHandler<unknown>;
}

/**
 * Returns the handlers of the session endpoints. They return the user that the option `user` of `coatcheck()` returns.
 * If the route is not in the folder `app/session`, set `base` to its path.
 *
 * @throws UsageError at the first request, if `authenticate` is missing or an option is unknown.
 */
export function sessionRoutes<User, Data = JsonObject>(
  sessions: NextSessions<User, Data>,
  options: Omit<SessionRoutesOptions<User, Data>, "user">,
): NextRouteHandlers {
  let mounted: SessionRoutes<User, Data> | undefined;
  const handle = sessions.withRequestSession(async (request, session) => {
    mounted ??= new SessionRoutes<User, Data>(await sessions.manager(), {
      ...options,
      user: sessions.user,
    });
    const { pathname, search } = new URL(request.url);
    const pending = mounted.handle({
      method: request.method,
      url: pathname + search,
      session,
      header: (name) => request.headers.get(name) ?? undefined,
      body: async () => await readText(request.body ?? []),
    });
    return (await pending) ?? failureResponse(new CoatcheckError("SESSION_NOT_FOUND", "Not found."));
  });
  return { GET: handle, POST: handle, DELETE: handle };
}
