import type { SessionFilter } from "coatcheck";
import type { z } from "zod";
import type { App, Service } from "../app.ts";
import { reasonOf, requireAdmin, requirePrincipal } from "../ownership.ts";
import {
  ended,
  failures,
  listQuery,
  sessionPage,
  sessionParams,
  sessionStats,
  sessionView,
  success,
} from "../schemas.ts";
import { answer, pageOf, statsOf, viewOf } from "../views.ts";

const tags = ["sessions"];

/** Listing, counting, reading and ending sessions. */
export function sessionRoutes(app: App, { manager, callers, owned, clock }: Service): void {
  app.get(
    "/api/v1/sessions",
    {
      schema: {
        summary: "List sessions, newest first (admin)",
        tags,
        querystring: listQuery,
        response: { 200: success(sessionPage), ...failures },
      },
    },
    async (request) => {
      requireAdmin(await callers.of(request));
      const { limit, cursor } = request.query;
      const page = { limit, ...(cursor === undefined ? {} : { cursor }) };
      return answer(pageOf(await manager.list(filterOf(request.query, clock.now()), page)));
    },
  );

  app.get(
    "/api/v1/sessions/stats",
    {
      schema: {
        summary: "Count sessions (admin and API consumers)",
        tags,
        response: { 200: success(sessionStats), ...failures },
      },
    },
    async (request) => {
      requirePrincipal(await callers.of(request));
      return answer(statsOf(await manager.stats()));
    },
  );

  app.get(
    "/api/v1/sessions/:sessionId",
    {
      schema: {
        summary: "Read a session",
        description: "An admin also sees sessions that have ended, until they are swept.",
        tags,
        params: sessionParams,
        response: { 200: success(sessionView), ...failures },
      },
    },
    async (request) => {
      const caller = await callers.of(request);
      return answer(viewOf(await owned.recorded(caller, request.params.sessionId)));
    },
  );

  app.delete(
    "/api/v1/sessions/:sessionId",
    {
      schema: {
        summary: "End a session, and those inside it",
        tags,
        params: sessionParams,
        response: { 200: success(ended), ...failures },
      },
    },
    async (request) => {
      const caller = await callers.of(request);
      const record = await owned.live(caller, request.params.sessionId);
      const reason = reasonOf(caller);
      if (record.id !== caller.session.id) return answer({ ended: await owned.end(record.id, reason) });
      // Through the handle, so that the browser's cookie is cleared with the answer.
      await caller.session.revoke(reason);
      return answer({ ended: 1 + (await owned.endWithin(record.id, reason)) });
    },
  );
}

/** The store's filter for a query, whose `active` means that no timeout has passed either. */
function filterOf(query: z.output<typeof listQuery>, now: number): SessionFilter {
  const { limit: _limit, cursor: _cursor, state, ...fields } = query;
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  switch (state) {
    case "any":
      return given;
    case "revoked":
      return { ...given, state };
    case "active":
      return { ...given, state, liveAt: now };
  }
}
