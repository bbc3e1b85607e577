import type { SessionRecord } from "coatcheck";
import { type App, failures, sessionRoutes, success, successBody, toIso } from "coatcheck-server";
import { createBody, createdOrderResponse, orderList } from "../schemas.ts";
import type { Shop } from "../shop.ts";

const tags = ["sessions"];
/** Allowed new order sessions per minute and network address. API consumers are exempt. */
const MAX_CREATIONS_PER_MINUTE = 120;

/**
 * Adds the routes that create and list the caller's order sessions. The service's code adds the other session routes.
 */
export function orderSessionRoutes(app: App, shop: Shop): void {
  const { authenticator, browserOrders } = shop;

  app.post(
    "/api/v1/sessions",
    {
      schema: {
        summary: "Create an order session",
        description:
          "A browser's order sessions are children of its own session, whose cookie is set with the first one. With an API key, the order belongs to that consumer.",
        tags,
        body: createBody,
        response: { 201: createdOrderResponse, ...failures },
      },
      config: {
        rateLimit: {
          max: MAX_CREATIONS_PER_MINUTE,
          timeWindow: "1 minute",
          allowList: (request) => authenticator.findPrincipal(request) !== null,
        },
      },
    },
    async (request, reply) => {
      const { metadata, name } = request.body ?? {};
      const caller = await authenticator.authenticateForCreate(request, {});
      const record = await browserOrders.create(caller, {
        ...(metadata === undefined ? {} : { metadata }),
        ...(name === undefined ? {} : { name }),
      });
      reply.code(201);
      return { ...successBody(createdOrderView(record)), sessionId: record.id };
    },
  );

  app.get(
    "/api/v1/sessions/mine",
    {
      schema: {
        summary: "List the orders that a browser owns or has joined",
        tags,
        response: { 200: success(orderList), ...failures },
      },
    },
    async (request) => {
      const found = await browserOrders.list(await authenticator.authenticateForCreate(request, {}));
      return successBody({
        sessions: found.map(({ record, role }) => ({ ...createdOrderView(record), role })),
      });
    },
  );

  sessionRoutes(app, shop);
}

function createdOrderView(record: SessionRecord) {
  return {
    sessionId: record.id,
    createdAt: toIso(record.createdAt),
    metadata: { ...record.metadata },
    name: record.name,
  };
}
