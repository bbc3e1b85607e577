import { sessionOf } from "coatcheck/fastify";
import { type App, failures, success, successBody } from "coatcheck-server";
import { type Limits, limitPerMinute } from "../limits.ts";
import { account, accountChange, newAccount, pastOrders, pastOrdersQuery } from "../schemas.ts";
import type { Shop } from "../shop.ts";

const tags = ["accounts"];

/**
 * Adds the routes that create an account, change the caller's account, and list its orders. `login.ts` adds the login.
 */
export function accountRoutes(app: App, { accounts, placedOrders }: Shop, limits: Limits): void {
  app.post(
    "/api/v1/accounts",
    {
      schema: {
        summary: "Create an account",
        description: "Does not log in.",
        tags,
        body: newAccount,
        response: { 201: success(account), ...failures },
      },
      config: { rateLimit: limitPerMinute(limits.accounts) },
    },
    async (request, reply) => {
      const { language = null, ...fields } = request.body;
      const created = await accounts.create({ ...fields, language });
      reply.code(201);
      return successBody(created);
    },
  );

  app.patch(
    "/api/v1/accounts/me",
    {
      schema: {
        summary: "Change one's own account",
        tags,
        body: accountChange,
        response: { 200: success(account), ...failures },
      },
    },
    async (request) => {
      const { subject } = await sessionOf(request).requireSubject();
      const { name, language } = request.body;
      const change = {
        ...(name === undefined ? {} : { name }),
        ...(language === undefined ? {} : { language }),
      };
      return successBody(accounts.change(subject ?? "", change));
    },
  );

  app.get(
    "/api/v1/accounts/me/orders",
    {
      schema: {
        summary: "List the orders that one's own account has placed, newest first",
        description: "Includes the orders that were placed in order sessions which have ended.",
        tags,
        querystring: pastOrdersQuery,
        response: { 200: success(pastOrders), ...failures },
      },
    },
    async (request) => {
      const { subject } = await sessionOf(request).requireSubject();
      const { before, limit } = request.query;
      return successBody(placedOrders.list(subject ?? "", before, limit));
    },
  );
}
