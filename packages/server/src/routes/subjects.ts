import { CoatcheckError, type SessionFilter } from "coatcheck";
import type { App, Service } from "../app.ts";
import type { Caller } from "../caller.ts";
import { ownerOf, reasonOf } from "../ownership.ts";
import {
  ended,
  failures,
  sessionPage,
  subjectEndQuery,
  subjectParams,
  subjectQuery,
  success,
} from "../schemas.ts";
import { answer, pageOf } from "../views.ts";

const tags = ["subjects"];

/**
 * Where somebody is logged in. Who is logged in as the subject sees and ends all of it, as does an admin; an API
 * consumer what it made.
 */
export function subjectRoutes(app: App, { manager, callers, owned, clock }: Service): void {
  app.get(
    "/api/v1/subjects/:subject/sessions",
    {
      schema: {
        summary: "List a subject's sessions, newest first",
        tags,
        params: subjectParams,
        querystring: subjectQuery,
        response: { 200: success(sessionPage), ...failures },
      },
    },
    async (request) => {
      const caller = await callers.of(request);
      const filter = reachOf(caller, request.params.subject);
      const { limit, cursor } = request.query;
      const page = { limit, ...(cursor === undefined ? {} : { cursor }) };
      return answer(pageOf(await manager.list({ ...filter, state: "active", liveAt: clock.now() }, page)));
    },
  );

  app.delete(
    "/api/v1/subjects/:subject/sessions",
    {
      schema: {
        summary: "End a subject's sessions, all or all but one, and those inside them",
        description: "The subject's own in one step; where an API consumer asks, one after the other.",
        tags,
        params: subjectParams,
        querystring: subjectEndQuery,
        response: { 200: success(ended), ...failures },
      },
    },
    async (request) => {
      const caller = await callers.of(request);
      const { subject } = request.params;
      const { except } = request.query;
      const filter = reachOf(caller, subject);
      const reason = reasonOf(caller);
      const ids = [];
      for await (const { id } of owned.matching(filter)) if (id !== except) ids.push(id);
      let count = 0;
      if (filter.owner === undefined) {
        count = await manager.revoke({ subject, ...(except === undefined ? {} : { except }) }, reason);
        // What is inside them has no subject of its own.
        for (const id of ids) count += await owned.endWithin(id, reason);
      } else {
        for (const id of ids) count += await owned.end(id, reason);
      }
      if (ids.includes(caller.session.id)) {
        // Through the handle, so that the browser's cookie is cleared with the answer.
        await caller.session.revoke(reason);
      }
      return answer({ ended: count });
    },
  );
}

/** Which of the subject's sessions the caller may see and end. */
function reachOf({ principal, session }: Caller, subject: string): SessionFilter {
  if (principal?.kind === "admin" || session.subject === subject) return { subject };
  if (principal !== null) return { subject, owner: ownerOf(principal) };
  throw session.record === null
    ? new CoatcheckError("SESSION_REQUIRED", "Log in first.")
    : new CoatcheckError("FORBIDDEN", "Only who is logged in as this subject may see where.");
}
