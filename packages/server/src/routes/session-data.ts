import type { App, Service } from "../app.ts";
import { dataPatch, failures, ifMatchHeader, sessionData, sessionParams, success } from "../schemas.ts";
import { answer, dataOf, etagOf } from "../views.ts";

const tags = ["data"];

const OWN_MEMBERS =
  "Members whose names begin with `$` are the application's own: nobody reads or writes them by HTTP, the admin no more than others. They count towards the data's size and its version.";

/** A session's data: read whole, changed by merge patches; but for what the application keeps there for itself. */
export function sessionDataRoutes(app: App, { manager, callers, owned }: Service): void {
  app.get(
    "/api/v1/sessions/:sessionId/data",
    {
      schema: {
        summary: "Read a session's data",
        description: `The ETag is the session's version. ${OWN_MEMBERS}`,
        tags,
        params: sessionParams,
        response: { 200: success(sessionData), ...failures },
      },
    },
    async (request, reply) => {
      const caller = await callers.of(request);
      const record = await owned.live(caller, request.params.sessionId);
      reply.header("etag", etagOf(record));
      return answer(dataOf(record));
    },
  );

  app.patch(
    "/api/v1/sessions/:sessionId/data",
    {
      schema: {
        summary: "Change a session's data by a merge patch",
        description: `Patches that touch different members all survive, in whatever order they arrive. With \`If-Match\` the patch applies to that version, or answers CONFLICT. ${OWN_MEMBERS} A patch that names one is refused whole.`,
        tags,
        params: sessionParams,
        headers: ifMatchHeader,
        consumes: ["application/merge-patch+json", "application/json"],
        body: dataPatch,
        response: { 200: success(sessionData), ...failures },
      },
    },
    async (request, reply) => {
      const caller = await callers.of(request);
      const { id } = await owned.live(caller, request.params.sessionId);
      const record = await manager.patch(id, request.body, ifVersionOf(request.headers["if-match"]));
      reply.header("etag", etagOf(record));
      return answer(dataOf(record));
    },
  );
}

function ifVersionOf(ifMatch: string | undefined): { ifVersion?: number } {
  if (ifMatch === undefined || ifMatch === "*") return {};
  return { ifVersion: Number(ifMatch.slice(1, -1)) };
}
