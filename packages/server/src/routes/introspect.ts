import { Session } from "coatcheck";
import type { App, Service } from "../app.ts";
import { requirePrincipal } from "../ownership.ts";
import { failures, introspectBody, introspection, success } from "../schemas.ts";
import { answer, viewOf } from "../views.ts";

/** Telling backends, in any language, whom a token belongs to (RFC 7662). */
export function introspectRoute(app: App, { manager, callers }: Service): void {
  app.post(
    "/api/v1/sessions/introspect",
    {
      schema: {
        summary: "Ask whom a token belongs to (admin and API consumers)",
        description:
          "Asking is no activity: it keeps no session alive. A token that opens nothing is no error.",
        tags: ["sessions"],
        body: introspectBody,
        response: { 200: success(introspection), ...failures },
      },
    },
    async (request) => {
      requirePrincipal(await callers.of(request));
      const found = await manager.resume(request.body.token, "none");
      if (!(found instanceof Session)) return answer({ active: false as const, reason: found.refusal });
      if (found.record === null) return answer({ active: false as const, reason: "unknown" });
      return answer({ active: true as const, ...viewOf(found.record) });
    },
  );
}
