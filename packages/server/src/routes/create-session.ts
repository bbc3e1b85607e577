import { randomUUID } from "node:crypto";
import type { CreateOptions, SessionRecord } from "coatcheck";
import { sessionOf } from "coatcheck/fastify";
import type { Visits } from "coatcheck/visit";
import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import type { Caller } from "../caller.ts";
import type { ClientDescriber } from "../client-describer.ts";
import type { App } from "../fastify-app.ts";
import { ownerOf, requirePrincipal } from "../ownership.ts";
import { createOrLogInBodySchema, failures, success } from "../schemas.ts";
import { createdSession } from "../session-schemas.ts";
import { successBody, toIso } from "../views.ts";
import { relayEvents } from "../visits/relay.ts";
import type { eventClient, eventPage } from "../visits/schemas.ts";
import type { RouteContext } from "./context.ts";

/** Maximum new sessions per minute and client address. Requests with an API key or the admin token are not limited. */
const MAX_CREATIONS = 120;

/** Adds the route that creates sessions. */
export function createSessionRoute(
  app: App,
  { manager, authenticator, ownedSessions }: RouteContext,
  { describeClient, visits }: { readonly describeClient: ClientDescriber; readonly visits: Visits | null },
): void {
  app.post(
    "/api/v1/sessions",
    {
      schema: {
        operationId: "createSession",
        summary: "Create a session",
        description:
          "Without a cookie or key: creates the browser's own session and sets its cookie. With a cookie: creates a session under the browser's own. With an API key: creates a session of that consumer; with `subject`, it is logged in, and the response contains its token.",
        tags: ["sessions"],
        body: createOrLogInBodySchema,
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
      const { metadata = {}, transport, page, client, ...given } = request.body ?? {};
      const { name, ...login } = withoutUndefined(given);
      const newSession = { metadata, ...(name === undefined ? {} : { name }) };
      const caller = await authenticator.authenticateForCreate(request, newSession);
      if (page || client || Object.keys(login).length > 0) requirePrincipal(caller);
      reply.code(201);
      if (caller.principal === null && caller.session.record === null && transport !== "bearer") {
        // Store the new session, which already has the fields of `newSession`. The response then sets its cookie.
        await caller.session.patch({});
        visits?.sessionCreated(addressOf(caller, request, client));
        return successBody(createdSessionView(requireRecord(caller)));
      }
      const { record, token } = await manager.create({
        ...newSession,
        ...login,
        ...ownerOrParent(caller),
        ...clientOf(caller, request, client),
      });
      await ownedSessions.requireLiveParent(record);
      visits?.sessionCreated(addressOf(caller, request, client));
      const showsToken = transport === "bearer" || record.subject !== null;
      const visitorId = page && visits ? await beginVisit(visits, record, { page, client }) : null;
      return successBody({
        ...createdSessionView(record),
        ...(showsToken ? { token } : {}),
        ...(visitorId === null ? {} : { visitorId }),
      });
    },
  );

  /** Tracks the first page view. Returns the visitor's id, or null if the visit is not tracked. */
  async function beginVisit(visits: Visits, record: SessionRecord, { page, client = {} }: FirstPage) {
    const events = [{ id: randomUUID(), type: "page_view", ago: 0 }];
    const relay = { client, page: { ...page, id: page.id ?? randomUUID() }, events };
    return (await relayEvents(visits, manager, record, relay)).record.visitorId;
  }

  /**
   * Returns the client of the new session. An API consumer's request comes from its backend, so the body describes the
   * client.
   */
  function clientOf(
    { principal }: Caller,
    request: FastifyRequest,
    reported: FirstPage["client"],
  ): Pick<CreateOptions, "client"> {
    if (principal !== null) {
      return reported
        ? { client: describeClient({ address: reported.address ?? null }, reported.userAgent) }
        : {};
    }
    return { client: describeClient(sessionOf(request).client, request.headers["user-agent"]) };
  }
}

/** Returns the address of the new session's client. Null if an API consumer does not send the address. */
function addressOf(
  { principal }: Caller,
  request: FastifyRequest,
  reported: FirstPage["client"],
): string | null {
  return principal === null ? sessionOf(request).client.address : (reported?.address ?? null);
}

interface FirstPage {
  readonly page: z.output<typeof eventPage>;
  readonly client: z.output<typeof eventClient> | undefined;
}

/**
 * Returns the owner or the parent of the new session. An API consumer owns the sessions that it creates. If a browser
 * already has a session, the new session is a child of that session.
 */
function ownerOrParent({ principal, session }: Caller): { owner?: string; parentId?: string } {
  if (principal !== null) return { owner: ownerOf(principal) };
  return session.record === null ? {} : { parentId: session.id };
}

/** Returns a copy without the members that are undefined. */
function withoutUndefined<Members extends object>(
  members: Members,
): { [Name in keyof Members]?: NonNullable<Members[Name]> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}

function requireRecord({ session }: Caller): SessionRecord {
  if (session.record === null) throw new TypeError("The new session has no record, although it was stored.");
  return session.record;
}

function createdSessionView(record: SessionRecord) {
  return {
    sessionId: record.id,
    createdAt: toIso(record.createdAt),
    metadata: { ...record.metadata },
  };
}
