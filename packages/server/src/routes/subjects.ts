import { CoatcheckError, type SessionFilter } from "coatcheck";
import { requireRecentProof } from "coatcheck/http";
import type { Caller } from "../caller.ts";
import type { App } from "../fastify-app.ts";
import { ownerOf, revokeReasonOf } from "../ownership.ts";
import { endSubjectSessionsQuery, failures, subjectParams, subjectQuery, success } from "../schemas.ts";
import { ended, sessionPage } from "../session-schemas.ts";
import { pageOf, successBody } from "../views.ts";
import type { RouteContext } from "./context.ts";

const tags = ["subjects"];

/**
 * Adds the routes that list and end a subject's sessions. The subject and the admin can access all of these sessions;
 * an API consumer only the sessions that it created.
 */
export function subjectRoutes(
  app: App,
  { manager, authenticator, ownedSessions, clock }: RouteContext,
): void {
  app.get(
    "/api/v1/subjects/:subject/sessions",
    {
      schema: {
        operationId: "listSubjectSessions",
        summary: "List a subject's sessions, newest first",
        tags,
        params: subjectParams,
        querystring: subjectQuery,
        response: { 200: success(sessionPage), ...failures },
      },
    },
    async (request) => {
      const caller = await authenticator.authenticate(request);
      const filter = accessibleSessions(caller, request.params.subject);
      const { limit, cursor } = request.query;
      const page = { limit, ...(cursor === undefined ? {} : { cursor }) };
      return successBody(
        pageOf(await manager.list({ ...filter, state: "active", liveAt: clock.now() }, page)),
      );
    },
  );

  app.delete(
    "/api/v1/subjects/:subject/sessions",
    {
      schema: {
        operationId: "endSubjectSessions",
        summary: "End a subject's sessions and the sessions under them",
        description:
          "Ends all sessions but `except`. Ends the subject's sessions in one atomic step, or one by one if an API consumer sends the request. The subject itself must have logged in within ten minutes, or have an elevation for the scope `account`.",
        tags,
        params: subjectParams,
        querystring: endSubjectSessionsQuery,
        response: { 200: success(ended), ...failures },
      },
    },
    async (request) => {
      const caller = await authenticator.authenticate(request);
      const { subject } = request.params;
      const { except } = request.query;
      const filter = accessibleSessions(caller, subject);
      // Only a user can log in again; the admin and API consumers have keys instead of sessions.
      if (caller.principal === null) requireRecentProof(caller.session, clock.now());
      const reason = revokeReasonOf(caller);
      const ids = [];
      for await (const { id } of ownedSessions.findMatching(filter)) if (id !== except) ids.push(id);
      let count = 0;
      if (filter.owner === undefined) {
        count = await manager.revoke({ subject, ...(except === undefined ? {} : { except }) }, reason);
        // Child sessions may have no subject, so the revocation by subject did not include them.
        for (const id of ids) count += await ownedSessions.endChildren(id, reason);
      } else {
        for (const id of ids) count += await ownedSessions.end(id, reason);
      }
      if (ids.includes(caller.session.id)) {
        // Revoke the request's own session object, so that the response clears the browser's cookie.
        await caller.session.revoke(reason);
      }
      return successBody({ ended: count });
    },
  );
}

/** Returns the filter for the subject's sessions that the caller may list and end. */
function accessibleSessions({ principal, session }: Caller, subject: string): SessionFilter {
  if (principal?.kind === "admin" || session.subject === subject) return { subject };
  if (principal !== null) return { subject, owner: ownerOf(principal) };
  throw session.record === null
    ? new CoatcheckError("SESSION_REQUIRED", "Log in first.")
    : new CoatcheckError("FORBIDDEN", "Only the subject may list or end its sessions.");
}
