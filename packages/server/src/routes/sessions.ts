import { CoatcheckError, type SessionFilter, type SessionRecord } from "coatcheck";
import type { Questions } from "coatcheck/visit/questions";
import type { z } from "zod";
import type { App } from "../fastify-app.ts";
import { requireAdmin, requirePrincipal, revokeReasonOf } from "../ownership.ts";
import { adminSecurity, failures, listQuery, sessionParams, success } from "../schemas.ts";
import { countedSessionView, ended, sessionPage, sessionStats } from "../session-schemas.ts";
import { pageOf, statsOf, successBody, viewOf } from "../views.ts";
import type { RouteContext } from "./context.ts";

const tags = ["sessions"];

/** Adds the routes that list, count, read and end sessions. */
export function sessionRoutes(
  app: App,
  { manager, authenticator, ownedSessions, clock, questions }: RouteContext,
): void {
  app.get(
    "/api/v1/sessions",
    {
      schema: {
        operationId: "listSessions",
        summary: "List sessions, newest first (admin)",
        tags,
        security: adminSecurity,
        querystring: listQuery,
        response: { 200: success(sessionPage), ...failures },
      },
    },
    async (request) => {
      requireAdmin(await authenticator.authenticate(request));
      const { limit, cursor } = request.query;
      const page = { limit, ...(cursor === undefined ? {} : { cursor }) };
      return successBody(pageOf(await manager.list(filterOf(request.query, clock.now()), page)));
    },
  );

  app.get(
    "/api/v1/sessions/stats",
    {
      schema: {
        operationId: "countSessions",
        summary: "Count sessions (admin and API consumers)",
        tags,
        response: { 200: success(sessionStats), ...failures },
      },
    },
    async (request) => {
      requirePrincipal(await authenticator.authenticate(request));
      return successBody(statsOf(await manager.stats()));
    },
  );

  app.get(
    "/api/v1/sessions/:sessionId",
    {
      schema: {
        operationId: "getSession",
        summary: "Read a session",
        description: "The admin can also read ended sessions, until they are swept.",
        tags,
        params: sessionParams,
        response: { 200: success(countedSessionView), ...failures },
      },
    },
    async (request) => {
      const caller = await authenticator.authenticate(request);
      const record = await ownedSessions.findLiveOrEnded(caller, request.params.sessionId);
      return successBody({
        ...viewOf(record),
        pageViews: questions ? await pageViewsOf(questions, record) : null,
      });
    },
  );

  app.delete(
    "/api/v1/sessions/:sessionId",
    {
      schema: {
        operationId: "endSession",
        summary: "End a session and the sessions under it",
        tags,
        params: sessionParams,
        response: { 200: success(ended), ...failures },
      },
    },
    async (request) => {
      const { sessionId } = request.params;
      const caller = await authenticator.authenticateForEnd(request, sessionId);
      const reason = revokeReasonOf(caller);
      if (caller.principal === null && caller.session.replacedId === sessionId) {
        const hasEnded = await caller.session.revoke(reason);
        return successBody({
          ended: hasEnded ? 1 + (await ownedSessions.endChildren(sessionId, reason)) : 0,
        });
      }
      const record = await ownedSessions.findLive(caller, sessionId);
      if (record.id !== caller.session.id)
        return successBody({ ended: await ownedSessions.end(record.id, reason) });
      // Revoke the request's own session object, so that the response clears the browser's cookie.
      await caller.session.revoke(reason);
      return successBody({ ended: 1 + (await ownedSessions.endChildren(record.id, reason)) });
    },
  );
}

/** Returns the number of page views in the session's visits. Null while the visits database does not respond. */
async function pageViewsOf(questions: Questions, { id, visit }: SessionRecord): Promise<number | null> {
  if (visit === null) return 0;
  try {
    const { visits } = await questions.sessionTimeline(id, { limit: 1 });
    return visits.reduce((sum, { pageViews }) => sum + pageViews, 0);
  } catch (error) {
    if (error instanceof CoatcheckError) return null;
    throw error;
  }
}

/** Converts the query to a store filter. `active` also excludes sessions whose timeout has passed. */
function filterOf(query: z.output<typeof listQuery>, now: number): SessionFilter {
  const { limit: _limit, cursor: _cursor, state, ...fields } = query;
  const present = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  switch (state) {
    case "any":
      return present;
    case "revoked":
      return { ...present, state };
    case "active":
      return { ...present, state, liveAt: now };
  }
}
