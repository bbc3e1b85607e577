import { CoatcheckError } from "coatcheck";
import { sessionOf } from "coatcheck/fastify";
import { type App, failures, success, successBody, toIso } from "coatcheck-server";
import { requireStored } from "../browser-orders.ts";
import type { Access } from "../order-access.ts";
import { type Actor, orderOf } from "../order-state.ts";
import {
  acceptBody,
  checkBody,
  createdInvitation,
  history,
  historyQuery,
  invitationParams,
  invitationView,
  inviteBody,
  joinedOrder,
  participantParams,
  participants,
  removedGuests,
  sharedParams,
} from "../schemas.ts";
import { openHistory, openOrder, type Shop } from "../shop.ts";
import { historyEntryView } from "../views.ts";

const tags = ["sharing"];
const order = "/api/v1/sessions/:sessionId";
/** How often one network address may try to accept an invitation per minute. Limits the load. */
const MAX_ACCEPTS_PER_MINUTE = 60;

/** Adds the routes for sharing an order: invitations, participants and history. */
export function sharingRoutes(app: App, shop: Shop): void {
  invitationRoutes(app, shop);
  participantRoutes(app, shop);

  app.get(
    `${order}/history`,
    {
      schema: {
        summary: "List who changed what, oldest first",
        description:
          "The newest entries, or those before the entry `before`. The history stays readable when the order has ended.",
        tags,
        params: sharedParams,
        querystring: historyQuery,
        response: { 200: success(history), ...failures },
      },
    },
    async (request) => {
      const { sessionId } = request.params;
      const { before, limit } = request.query;
      await openHistory(shop, request, sessionId);
      return successBody({ entries: shop.history.read(sessionId, before, limit).map(historyEntryView) });
    },
  );
}

function invitationRoutes(app: App, shop: Shop): void {
  const { invitations, authenticator, joinedOrders } = shop;

  app.post(
    `${order}/invitations`,
    {
      schema: {
        summary: "Create an invitation link",
        description:
          "Everyone who opens the link joins the order with its role, until it expires or is revoked.",
        tags,
        params: sharedParams,
        body: inviteBody,
        response: { 201: success(createdInvitation), ...failures },
      },
    },
    async (request, reply) => {
      const access = await openOrder(shop, request, request.params.sessionId, "owner");
      const { role, name, expiresIn } = request.body;
      const createdInvitation = await invitations.invite(access, { role, name, lifetime: expiresIn * 1000 });
      const { invitationId, token, expiresAt } = createdInvitation;
      const { protocol, host } = sessionOf(request).client;
      // Browsers do not send the part after the #, so the token appears in no log and no Referer.
      const url = `${protocol}://${host}/#/join/${token}`;
      reply.code(201);
      return successBody({ invitationId, role, token, url, expiresAt: toIso(expiresAt) });
    },
  );

  app.delete(
    `${order}/invitations/:invitationId`,
    {
      schema: {
        summary: "Revoke an invitation and remove the guests who joined by it",
        tags,
        params: invitationParams,
        response: { 200: success(removedGuests), ...failures },
      },
    },
    async (request) => {
      const access = await openOrder(shop, request, request.params.sessionId, "owner");
      return successBody({ removed: await invitations.revoke(access, request.params.invitationId) });
    },
  );

  app.post(
    "/api/v1/invitations/check",
    {
      schema: {
        summary: "Read whose order an invitation is for, without joining it",
        tags,
        body: checkBody,
        response: { 200: success(invitationView), ...failures },
      },
      config: { rateLimit: { max: MAX_ACCEPTS_PER_MINUTE, timeWindow: "1 minute" } },
    },
    async (request) => successBody(await invitations.check(request.body.token)),
  );

  app.post(
    "/api/v1/invitations/accept",
    {
      schema: {
        summary: "Join an order by its invitation",
        tags,
        body: acceptBody,
        response: { 200: success(joinedOrder), ...failures },
      },
      config: { rateLimit: { max: MAX_ACCEPTS_PER_MINUTE, timeWindow: "1 minute" } },
    },
    async (request) => {
      const caller = await authenticator.authenticateForCreate(request, {});
      if (caller.principal !== null) {
        throw new CoatcheckError(
          "FORBIDDEN",
          "An API key cannot accept an invitation. Use a browser session.",
        );
      }
      const { token, name } = request.body;
      await requireStored(caller);
      const membership = await invitations.accept(caller, token, name);
      if (membership.role !== "owner") await joinedOrders.remember(caller, membership.sessionId);
      return successBody(membership);
    },
  );
}

function participantRoutes(app: App, shop: Shop): void {
  const { invitations } = shop;

  app.get(
    `${order}/participants`,
    {
      schema: {
        summary: "List the participants and, for the owner, the open invitations",
        tags,
        params: sharedParams,
        response: { 200: success(participants), ...failures },
      },
    },
    async (request) => {
      const access = await openOrder(shop, request, request.params.sessionId, "view");
      return successBody(participantsView(access, shop.access.ownerOf(access.record), shop.clock.now()));
    },
  );

  app.delete(
    `${order}/participants/me`,
    {
      schema: {
        summary: "Leave an order that one has joined",
        tags,
        params: sharedParams,
        response: { 200: success(removedGuests), ...failures },
      },
    },
    async (request) => {
      await invitations.leave(await openOrder(shop, request, request.params.sessionId, "view"));
      return successBody({ removed: 1 });
    },
  );

  app.delete(
    `${order}/participants/:participantId`,
    {
      schema: {
        summary: "Remove one guest",
        tags,
        params: participantParams,
        response: { 200: success(removedGuests), ...failures },
      },
    },
    async (request) => {
      const access = await openOrder(shop, request, request.params.sessionId, "owner");
      await invitations.exclude(access, request.params.participantId);
      return successBody({ removed: 1 });
    },
  );
}

function participantsView({ record, role, who }: Access, ownerActor: Actor, now: number) {
  const state = orderOf(record.data);
  const owner = { ...ownerActor, role: "owner" as const, joinedAt: record.createdAt };
  const invitations = role === "owner" ? Object.entries(state.invitations) : [];
  return {
    role,
    participants: [owner, ...Object.values(state.members)].map((each) => ({
      participantId: each.participantId,
      name: each.name,
      role: each.role,
      joinedAt: toIso(each.joinedAt),
      isYou: each.participantId === who.participantId,
    })),
    invitations: invitations
      .filter(([, { expiresAt }]) => expiresAt > now)
      .map(([invitationId, { role, createdAt, expiresAt, uses }]) => ({
        invitationId,
        role,
        createdAt: toIso(createdAt),
        expiresAt: toIso(expiresAt),
        uses,
      })),
  };
}
