import { randomUUID } from "node:crypto";
import type { SessionManager, SessionRecord } from "coatcheck";
import type { Visits } from "coatcheck/visit";
import type { z } from "zod";
import type { App } from "../fastify-app.ts";
import { requirePrincipal } from "../ownership.ts";
import { failures, sessionParams, success } from "../schemas.ts";
import { sessionView } from "../session-schemas.ts";
import { successBody, viewOf } from "../views.ts";
import { relayEvents } from "../visits/relay.ts";
import { convertBody, trackBody, trackResult } from "../visits/schemas.ts";
import type { RouteContext } from "./context.ts";

const tags = ["visits"];

/** Adds the routes with which a backend in any language reports events and orders of its sessions. */
export function eventRoutes(
  app: App,
  { manager, authenticator, ownedSessions, clock }: RouteContext,
  visits: Visits,
): void {
  app.post(
    "/api/v1/sessions/:sessionId/events",
    {
      schema: {
        operationId: "trackEvents",
        summary: "Track events of a session",
        description:
          "For backends in other languages. A `page_view` begins a visit if none is open, and gives the session a visitor. The response does not wait until the events are stored.",
        tags,
        params: sessionParams,
        body: trackBody,
        response: { 202: success(trackResult), ...failures },
      },
    },
    async (request, reply) => {
      const caller = await authenticator.authenticate(request);
      const record = await ownedSessions.findLive(caller, request.params.sessionId);
      const result = await track({ manager, visits, now: clock.now() }, record, request.body);
      reply.code(202);
      return successBody({ accepted: result.accepted, visitorId: result.record.visitorId });
    },
  );

  app.post(
    "/api/v1/sessions/:sessionId/convert",
    {
      schema: {
        operationId: "convertSession",
        summary: "Mark a session as converted by an order (admin and API consumers)",
        description:
          "Tracks `order_completed`. The first report of an order counts: the same again changes nothing; another amount, or the order of another session, is a `CONFLICT`.",
        tags,
        params: sessionParams,
        body: convertBody,
        response: { 200: success(sessionView), ...failures },
      },
    },
    async (request) => {
      const caller = await authenticator.authenticate(request);
      requirePrincipal(caller);
      const { id } = await ownedSessions.findLive(caller, request.params.sessionId);
      await visits.convert(manager, id, request.body);
      return successBody(viewOf(await ownedSessions.findLive(caller, id)));
    },
  );
}

async function track(
  { manager, visits, now }: { manager: SessionManager; visits: Visits; now: number },
  record: SessionRecord,
  { page, client = {}, events }: z.output<typeof trackBody>,
): Promise<{ readonly accepted: number; readonly record: SessionRecord }> {
  const identified = events.map((event) => ({ ...event, id: event.id ?? randomUUID() }));
  if (page) {
    const relay = { client, page: { ...page, id: page.id ?? randomUUID() }, events: identified };
    return await relayEvents(visits, manager, record, relay);
  }
  const reported = identified.map(({ id, type, ago, properties = {} }) => {
    return { id, type, properties: properties as never, at: now - ago };
  });
  const results = visits.reportAll(record, reported);
  return { accepted: results.filter(({ collected }) => collected).length, record };
}
