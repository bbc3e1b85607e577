import { CoatcheckError } from "coatcheck";
import { sessionOf } from "coatcheck/fastify";
import { type App, answer, failures, isoOf, success } from "coatcheck-server";
import { ownerOf } from "../access.ts";
import { requireStored } from "../browser-orders.ts";
import { orderIn } from "../order-state.ts";
import {
  acceptBody,
  accepted,
  history,
  invitationParams,
  inviteBody,
  invited,
  participantParams,
  participants,
  removed,
  sharedParams,
} from "../schemas.ts";
import { enter, type Shop } from "../shop.ts";
import { entryView } from "../views.ts";

const tags = ["sharing"];
const order = "/api/v1/sessions/:sessionId";
/** Tries that one address has in a minute; a secret of 128 bits needs no more protection, the store does. */
const MOST_TRIES = 60;

/** Letting others into an order, and who did what in it. */
export function sharingRoutes(app: App, shop: Shop): void {
  const { invitations, callers, joined, clock } = shop;

  app.post(
    `${order}/invitations`,
    {
      schema: {
        summary: "Make an invitation link",
        description: "Whoever opens it, until it expires or is taken back, is let in with its role.",
        tags,
        params: sharedParams,
        body: inviteBody,
        response: { 201: success(invited), ...failures },
      },
    },
    async (request, reply) => {
      const access = await enter(shop, request, request.params.sessionId, "owner");
      const { role, expiresIn } = request.body;
      const { invitationId, token, expiresAt } = await invitations.invite(access, role, expiresIn * 1000);
      const { protocol, host } = sessionOf(request).client;
      // After the #, which no browser sends: the token reaches no log and no Referer.
      const url = `${protocol}://${host}/#/join/${token}`;
      reply.code(201);
      return answer({ invitationId, role, token, url, expiresAt: isoOf(expiresAt) });
    },
  );

  app.delete(
    `${order}/invitations/:invitationId`,
    {
      schema: {
        summary: "Take an invitation back; who came in by it is out",
        tags,
        params: invitationParams,
        response: { 200: success(removed), ...failures },
      },
    },
    async (request) => {
      const access = await enter(shop, request, request.params.sessionId, "owner");
      return answer({ removed: await invitations.revoke(access, request.params.invitationId) });
    },
  );

  app.post(
    "/api/v1/invitations/accept",
    {
      schema: {
        summary: "Come into somebody's order, as this browser",
        tags,
        body: acceptBody,
        response: { 200: success(accepted), ...failures },
      },
      config: { rateLimit: { max: MOST_TRIES, timeWindow: "1 minute" } },
    },
    async (request) => {
      const caller = await callers.creating(request, {});
      if (caller.principal !== null) {
        throw new CoatcheckError("FORBIDDEN", "An invitation lets a browser in; an API key has no browser.");
      }
      const { token, name } = request.body;
      await requireStored(caller);
      const way = await invitations.accept(caller, token, name);
      if (way.role !== "owner") await joined.remember(caller, way.sessionId);
      return answer(way);
    },
  );

  app.get(
    `${order}/participants`,
    {
      schema: {
        summary: "Who is in",
        tags,
        params: sharedParams,
        response: { 200: success(participants), ...failures },
      },
    },
    async (request) => {
      const { record, role, who } = await enter(shop, request, request.params.sessionId, "view");
      const state = orderIn(record.data);
      const owner = { ...ownerOf(record), role: "owner" as const, joinedAt: record.createdAt };
      const everybody = [owner, ...Object.values(state.members)];
      const standing = role === "owner" ? Object.entries(state.invitations) : [];
      return answer({
        role,
        participants: everybody.map(({ participantId, name, role, joinedAt }) => ({
          participantId,
          name,
          role,
          joinedAt: isoOf(joinedAt),
          isYou: participantId === who.participantId,
        })),
        invitations: standing
          .filter(([, { expiresAt }]) => expiresAt > clock.now())
          .map(([invitationId, { role, createdAt, expiresAt, uses }]) => ({
            invitationId,
            role,
            createdAt: isoOf(createdAt),
            expiresAt: isoOf(expiresAt),
            uses,
          })),
      });
    },
  );

  app.delete(
    `${order}/participants/me`,
    {
      schema: {
        summary: "Leave somebody's order",
        tags,
        params: sharedParams,
        response: { 200: success(removed), ...failures },
      },
    },
    async (request) => {
      await invitations.leave(await enter(shop, request, request.params.sessionId, "view"));
      return answer({ removed: 1 });
    },
  );

  app.delete(
    `${order}/participants/:participantId`,
    {
      schema: {
        summary: "Shut one participant out",
        tags,
        params: participantParams,
        response: { 200: success(removed), ...failures },
      },
    },
    async (request) => {
      const access = await enter(shop, request, request.params.sessionId, "owner");
      await invitations.exclude(access, request.params.participantId);
      return answer({ removed: 1 });
    },
  );

  app.get(
    `${order}/history`,
    {
      schema: {
        summary: "Who did what, oldest first",
        tags,
        params: sharedParams,
        response: { 200: success(history), ...failures },
      },
    },
    async (request) => {
      const { record } = await enter(shop, request, request.params.sessionId, "view");
      return answer({ entries: orderIn(record.data).history.map(entryView) });
    },
  );
}
