import type { App } from "../fastify-app.ts";
import { dataPatch, failures, ifMatchHeader, sessionData, sessionParams, success } from "../schemas.ts";
import { dataOf, etagOf, successBody } from "../views.ts";
import type { RouteContext } from "./context.ts";

const tags = ["data"];

const RESERVED_MEMBERS_NOTE =
  "Members whose names begin with `$` are reserved for the application. No request can read or write them, not even with the admin token. They count towards the size and version of the data.";

/** Adds the routes that read and patch a session's data, except the members that are reserved for the application. */
export function sessionDataRoutes(app: App, { manager, authenticator, ownedSessions }: RouteContext): void {
  app.get(
    "/api/v1/sessions/:sessionId/data",
    {
      schema: {
        operationId: "getSessionData",
        summary: "Read a session's data",
        description: `The ETag is the version of the session. ${RESERVED_MEMBERS_NOTE}`,
        tags,
        params: sessionParams,
        response: { 200: success(sessionData), ...failures },
      },
    },
    async (request, reply) => {
      const caller = await authenticator.authenticate(request);
      const record = await ownedSessions.findLive(caller, request.params.sessionId);
      reply.header("etag", etagOf(record));
      return successBody(dataOf(record));
    },
  );

  app.patch(
    "/api/v1/sessions/:sessionId/data",
    {
      schema: {
        operationId: "patchSessionData",
        summary: "Patch a session's data",
        description: `Concurrent patches of different members all take effect, in any order. With \`If-Match\`, the patch applies only to that version; otherwise the response is CONFLICT. ${RESERVED_MEMBERS_NOTE} A patch that names one is rejected as a whole.`,
        tags,
        params: sessionParams,
        headers: ifMatchHeader,
        consumes: ["application/merge-patch+json", "application/json"],
        body: dataPatch,
        response: { 200: success(sessionData), ...failures },
      },
    },
    async (request, reply) => {
      const caller = await authenticator.authenticate(request);
      const { id } = await ownedSessions.findLive(caller, request.params.sessionId);
      const record = await manager.patch(id, request.body, ifVersionOf(request.headers["if-match"]));
      reply.header("etag", etagOf(record));
      return successBody(dataOf(record));
    },
  );
}

function ifVersionOf(ifMatch: string | undefined): { ifVersion?: number } {
  if (ifMatch === undefined || ifMatch === "*") return {};
  return { ifVersion: Number(ifMatch.slice(1, -1)) };
}
