import { Session } from "coatcheck";
import type { App } from "../fastify-app.ts";
import { requirePrincipal } from "../ownership.ts";
import { failures, introspectBody, success } from "../schemas.ts";
import { introspection } from "../session-schemas.ts";
import { successBody, viewOf } from "../views.ts";
import type { RouteContext } from "./context.ts";

/** Adds token introspection, similar to RFC 7662, for backends in any language. */
export function introspectRoute(app: App, { manager, authenticator }: RouteContext): void {
  app.post(
    "/api/v1/sessions/introspect",
    {
      schema: {
        operationId: "introspectToken",
        summary: "Look up the session of a token (admin and API consumers)",
        description:
          "Does not count as activity, so it does not extend the session. An invalid token is not an error: the response says `active: false`.",
        tags: ["sessions"],
        body: introspectBody,
        response: { 200: success(introspection), ...failures },
      },
    },
    async (request) => {
      requirePrincipal(await authenticator.authenticate(request));
      const found = await manager.resume(request.body.token, "none");
      if (!(found instanceof Session)) return successBody({ active: false as const, reason: found.refusal });
      if (found.record === null) return successBody({ active: false as const, reason: "unknown" });
      return successBody({ active: true as const, ...viewOf(found.record) });
    },
  );
}
