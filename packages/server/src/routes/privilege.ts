import type { IssuedSession, Session } from "coatcheck";
import type { Caller } from "../caller.ts";
import type { App } from "../fastify-app.ts";
import { requirePrincipal } from "../ownership.ts";
import { authenticateBody, elevateBody, failures, sessionParams, success } from "../schemas.ts";
import { issuedSession } from "../session-schemas.ts";
import { successBody, viewOf } from "../views.ts";
import type { RouteContext } from "./context.ts";

const tags = ["privilege"];

/**
 * Adds the routes that change a session's privileges. Each replaces the session's token.
 *
 * A browser cannot log itself in or elevate itself. Only the application (with its API key) and the admin may confirm
 * that a password was correct or that a user has re-authenticated. To log a browser in, the application sends its key
 * together with the browser's cookie. Every owner of a session may rotate its token.
 */
export function privilegeRoutes(app: App, { manager, authenticator, ownedSessions }: RouteContext): void {
  app.post(
    "/api/v1/sessions/:sessionId/authenticate",
    {
      schema: {
        operationId: "authenticateSession",
        summary: "Log a session in (admin and API consumers)",
        description: "Keeps the id and data, and issues a new token. The older token stops working.",
        tags,
        params: sessionParams,
        body: authenticateBody,
        response: { 200: success(issuedSession), ...failures },
      },
    },
    async (request) => {
      const { subject, tenant, rememberMe } = request.body;
      const options = {
        ...(tenant === undefined ? {} : { tenant }),
        ...(rememberMe === undefined ? {} : { rememberMe }),
      };
      const caller = await authenticator.authenticate(request);
      requirePrincipal(caller);
      const id = request.params.sessionId;
      // If the response to an earlier login was lost, the browser still has the older token of this session. Accept it.
      if (caller.session.replacedId !== id) await ownedSessions.findLive(caller, id);
      return successBody(
        await issueToken(caller, id, {
          changeRequestSession: (session) => session.authenticate(subject, options),
          changeById: () => manager.authenticate(id, subject, options),
        }),
      );
    },
  );

  app.post(
    "/api/v1/sessions/:sessionId/elevate",
    {
      schema: {
        operationId: "elevateSession",
        summary: "Record a re-authentication of the user (admin and API consumers)",
        tags,
        params: sessionParams,
        body: elevateBody,
        response: { 200: success(issuedSession), ...failures },
      },
    },
    async (request) => {
      const { scope, maxAge } = request.body;
      const caller = await authenticator.authenticate(request);
      requirePrincipal(caller);
      const { id } = await ownedSessions.findLive(caller, request.params.sessionId);
      return successBody(
        await issueToken(caller, id, {
          changeRequestSession: (session) => session.elevate(scope, maxAge),
          changeById: () => manager.elevate(id, scope, maxAge),
        }),
      );
    },
  );

  app.post(
    "/api/v1/sessions/:sessionId/rotate",
    {
      schema: {
        operationId: "rotateToken",
        summary: "Replace a session's token",
        tags,
        params: sessionParams,
        response: { 200: success(issuedSession), ...failures },
      },
    },
    async (request) => {
      const caller = await authenticator.authenticate(request);
      const { id } = await ownedSessions.findLive(caller, request.params.sessionId);
      return successBody(
        await issueToken(caller, id, {
          changeRequestSession: (session) => session.rotate(),
          changeById: () => manager.rotate(id),
        }),
      );
    },
  );
}

interface TokenChange {
  /** Changes the session object of the request, so that the response sets the new cookie. */
  readonly changeRequestSession: (session: Session) => Promise<void>;
  /** Changes the session by its id, and returns the new token. */
  readonly changeById: () => Promise<IssuedSession>;
}

/**
 * Sends the new token as a cookie if the request carried the session's token as a cookie, so that scripts cannot read
 * it. Otherwise returns the token in the response body.
 */
async function issueToken({ session, hasCookie }: Caller, id: string, change: TokenChange) {
  if (!hasCookie || (session.id !== id && session.replacedId !== id)) {
    const { record, token } = await change.changeById();
    return { session: viewOf(record), token };
  }
  await change.changeRequestSession(session);
  if (session.record === null)
    throw new TypeError("The request's session has no record after the login, elevation or rotation.");
  return { session: viewOf(session.record) };
}
