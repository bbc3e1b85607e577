import type { App } from "../fastify-app.ts";
import { invalidInputError } from "../invalid.ts";
import { requireAdmin, revokeReasonOf } from "../ownership.ts";
import { adminSecurity, endSessionsQuery, failures, success } from "../schemas.ts";
import { ended } from "../session-schemas.ts";
import { successBody } from "../views.ts";
import type { RouteContext } from "./context.ts";

/** Adds the route that ends all sessions of a tenant, or all sessions. */
export function endSessionsRoute(app: App, { manager, authenticator, ownedSessions }: RouteContext): void {
  app.delete(
    "/api/v1/sessions",
    {
      schema: {
        operationId: "endSessions",
        summary: "End a tenant's sessions, or all sessions (admin)",
        description:
          "Requires exactly one of `tenant` and `everyone`. Ends the sessions in one atomic step, and then the sessions under a tenant's. Sessions that are created later are not affected.",
        tags: ["sessions"],
        security: adminSecurity,
        querystring: endSessionsQuery,
        response: { 200: success(ended), ...failures },
      },
    },
    async (request) => {
      const caller = await authenticator.authenticate(request);
      requireAdmin(caller);
      const { tenant, everyone } = request.query;
      const reason = revokeReasonOf(caller);
      if (tenant === undefined && everyone !== undefined) {
        return successBody({ ended: await manager.revoke({ everyone: true }, reason) });
      }
      if (tenant === undefined || everyone !== undefined) {
        throw invalidInputError("request", [
          { path: "", message: 'the body must contain either "tenant" or "everyone", but not both' },
        ]);
      }
      const ids = [];
      for await (const { id } of ownedSessions.findMatching({ tenant })) ids.push(id);
      let count = await manager.revoke({ tenant }, reason);
      // Child sessions may have no tenant, so the revocation by tenant did not include them.
      for (const id of ids) count += await ownedSessions.endChildren(id, reason);
      return successBody({ ended: count });
    },
  );
}
