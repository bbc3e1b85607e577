import type { CreateOptions, SessionRecord } from "coatcheck";
import { sessionOf } from "coatcheck/fastify";
import type { FastifyRequest } from "fastify";
import type { App } from "../base-app.ts";
import type { Caller } from "../caller.ts";
import type { ClientDescriber } from "../client-describer.ts";
import { ownerOf } from "../ownership.ts";
import { createBody, createdSession, failures, success } from "../schemas.ts";
import { successBody, toIso } from "../views.ts";
import type { RouteContext } from "./context.ts";

/** New sessions per minute and client address. Requests with an API key or the admin token are not limited. */
const MAX_CREATIONS = 120;

/** Adds the route that creates sessions. */
export function createSessionRoute(
  app: App,
  { manager, authenticator, ownedSessions }: RouteContext,
  describeClient: ClientDescriber,
): void {
  app.post(
    "/api/v1/sessions",
    {
      schema: {
        summary: "Create a session",
        description:
          "Without a cookie or key: creates the browser's own session and sets its cookie. With a cookie: creates a session under the browser's own. With an API key: creates a session of that consumer.",
        tags: ["sessions"],
        body: createBody,
        response: { 201: success(createdSession), ...failures },
      },
      config: {
        rateLimit: {
          max: MAX_CREATIONS,
          timeWindow: "1 minute",
          allowList: (request) => authenticator.findPrincipal(request) !== null,
        },
      },
    },
    async (request, reply) => {
      const { metadata = {}, name, transport } = request.body ?? {};
      const newSession = { metadata, ...(name === undefined ? {} : { name }) };
      const caller = await authenticator.authenticateForCreate(request, newSession);
      reply.code(201);
      if (caller.principal === null && caller.session.record === null && transport !== "bearer") {
        // The handle has the fields of `newSession`. This write stores the session, and the commit sets the cookie.
        await caller.session.patch({});
        return successBody(createdView(storedIn(caller)));
      }
      const { record, token } = await manager.create({
        ...newSession,
        ...placementOf(caller),
        ...clientOf(caller, request),
      });
      await ownedSessions.requireLiveParent(record);
      return successBody({ ...createdView(record), ...(transport === "bearer" ? { token } : {}) });
    },
  );

  /** Omits the client for an API consumer: the request comes from its backend, not from the user. */
  function clientOf({ principal }: Caller, request: FastifyRequest): Pick<CreateOptions, "client"> {
    if (principal !== null) return {};
    return { client: describeClient(sessionOf(request).client, request.headers["user-agent"]) };
  }
}

/** A consumer owns its sessions. A browser's further sessions are children of its own session. */
function placementOf({ principal, session }: Caller): { owner?: string; parentId?: string } {
  if (principal !== null) return { owner: ownerOf(principal) };
  return session.record === null ? {} : { parentId: session.id };
}

function storedIn({ session }: Caller): SessionRecord {
  if (session.record === null) throw new TypeError("The session has not been stored.");
  return session.record;
}

function createdView(record: SessionRecord) {
  return {
    sessionId: record.id,
    createdAt: toIso(record.createdAt),
    metadata: { ...record.metadata },
  };
}
