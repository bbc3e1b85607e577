import type { Issued, Session } from "coatcheck";
import type { App, Service } from "../app.ts";
import type { Caller } from "../caller.ts";
import { requirePrincipal } from "../ownership.ts";
import {
  authenticateBody,
  elevateBody,
  failures,
  issuedSession,
  sessionParams,
  success,
} from "../schemas.ts";
import { answer, viewOf } from "../views.ts";

const tags = ["privilege"];

/**
 * Changes of what a session may do; each replaces its token at once.
 *
 * Nobody vouches for themselves: that a password was right, or that somebody has just proved again who they are, is
 * said by the application, with its API key, and by the admin. A browser is logged in by sending the key together
 * with the browser's cookie. Rotating needs no such word: every owner may.
 */
export function privilegeRoutes(app: App, { manager, callers, owned }: Service): void {
  app.post(
    "/api/v1/sessions/:sessionId/authenticate",
    {
      schema: {
        summary: "Log a session in (admin and API consumers)",
        description: "Same id and data, new token; the old one opens nothing any more.",
        tags,
        params: sessionParams,
        body: authenticateBody,
        response: { 200: success(issuedSession), ...failures },
      },
    },
    async (request) => {
      const { subject, tenant, remember } = request.body;
      const options = {
        ...(tenant === undefined ? {} : { tenant }),
        ...(remember === undefined ? {} : { remember }),
      };
      const caller = await callers.of(request);
      requirePrincipal(caller);
      const { id } = await owned.live(caller, request.params.sessionId);
      return answer(
        await issue(caller, id, {
          held: (session) => session.authenticate(subject, options),
          named: () => manager.authenticate(id, subject, options),
        }),
      );
    },
  );

  app.post(
    "/api/v1/sessions/:sessionId/elevate",
    {
      schema: {
        summary: "Record that the holder has proved again who they are (admin and API consumers)",
        tags,
        params: sessionParams,
        body: elevateBody,
        response: { 200: success(issuedSession), ...failures },
      },
    },
    async (request) => {
      const { scope, maxAge } = request.body;
      const caller = await callers.of(request);
      requirePrincipal(caller);
      const { id } = await owned.live(caller, request.params.sessionId);
      return answer(
        await issue(caller, id, {
          held: (session) => session.elevate(scope, maxAge),
          named: () => manager.elevate(id, scope, maxAge),
        }),
      );
    },
  );

  app.post(
    "/api/v1/sessions/:sessionId/rotate",
    {
      schema: {
        summary: "Replace a session's token",
        tags,
        params: sessionParams,
        response: { 200: success(issuedSession), ...failures },
      },
    },
    async (request) => {
      const caller = await callers.of(request);
      const { id } = await owned.live(caller, request.params.sessionId);
      return answer(
        await issue(caller, id, { held: (session) => session.rotate(), named: () => manager.rotate(id) }),
      );
    },
  );
}

interface Change {
  /** On the session whose cookie came with the request. */
  readonly held: (session: Session) => Promise<void>;
  readonly named: () => Promise<Issued>;
}

/** A session that came as a cookie gets its new token as a cookie, out of the reach of scripts; others in the answer. */
async function issue({ session, hasCookie }: Caller, id: string, change: Change) {
  if (!hasCookie || session.id !== id) {
    const { record, token } = await change.named();
    return { session: viewOf(record), token };
  }
  await change.held(session);
  if (session.record === null) throw new TypeError("The session has ended under its own handle.");
  return { session: viewOf(session.record) };
}
