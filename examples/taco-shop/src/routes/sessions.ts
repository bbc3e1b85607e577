import type { SessionRecord } from "coatcheck";
import { type App, answer, failures, isoOf, sessionRoutes, success } from "coatcheck-server";
import { createBody, createdAnswer, mine } from "../schemas.ts";
import type { Shop } from "../shop.ts";

const tags = ["sessions"];
/** New sessions that one address may make in a minute; whoever has a key may make more. */
const MOST_CREATIONS = 120;

/** Order sessions: making and finding one's own; the rest as the service does it. */
export function orderSessionRoutes(app: App, shop: Shop): void {
  const { callers, browserOrders } = shop;

  app.post(
    "/api/v1/sessions",
    {
      schema: {
        summary: "Begin an order",
        description:
          "A browser's orders stand inside its own session, whose cookie is set with the first. With an API key: an order of that consumer.",
        tags,
        body: createBody,
        response: { 201: createdAnswer, ...failures },
      },
      config: {
        rateLimit: {
          max: MOST_CREATIONS,
          timeWindow: "1 minute",
          allowList: (request) => callers.principalOf(request) !== null,
        },
      },
    },
    async (request, reply) => {
      const { metadata, name } = request.body ?? {};
      const caller = await callers.creating(request, {});
      const record = await browserOrders.create(caller, {
        ...(metadata === undefined ? {} : { metadata }),
        ...(name === undefined ? {} : { name }),
      });
      reply.code(201);
      return { ...answer(createdView(record)), sessionId: record.id };
    },
  );

  app.get(
    "/api/v1/sessions/mine",
    {
      schema: {
        summary: "List a browser's orders, and those it was invited to",
        tags,
        response: { 200: success(mine), ...failures },
      },
    },
    async (request) => {
      const found = await browserOrders.mine(await callers.creating(request, {}));
      return answer({ sessions: found.map(({ record, role }) => ({ ...createdView(record), role })) });
    },
  );

  sessionRoutes(app, shop);
}

function createdView(record: SessionRecord) {
  return {
    sessionId: record.id,
    createdAt: isoOf(record.createdAt),
    metadata: { ...record.metadata },
    name: record.name,
  };
}
