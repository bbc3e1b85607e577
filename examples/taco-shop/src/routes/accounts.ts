import { sessionOf } from "coatcheck/fastify";
import { type App, answer, failures, success } from "coatcheck-server";
import { type Limits, perMinute } from "../limits.ts";
import { account, accountChange, newAccount } from "../schemas.ts";
import type { Shop } from "../shop.ts";

const tags = ["accounts"];

/** Making an account and changing one's own. Logging in to it is the session endpoints' part. */
export function accountRoutes(app: App, { accounts }: Shop, limits: Limits): void {
  app.post(
    "/api/v1/accounts",
    {
      schema: {
        summary: "Make an account",
        description: "It logs nobody in.",
        tags,
        body: newAccount,
        response: { 201: success(account), ...failures },
      },
      config: { rateLimit: perMinute(limits.accounts) },
    },
    async (request, reply) => {
      const { language = null, ...said } = request.body;
      const made = await accounts.create({ ...said, language });
      reply.code(201);
      return answer(made);
    },
  );

  app.patch(
    "/api/v1/accounts/me",
    {
      schema: {
        summary: "Change one's account",
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
      return answer(accounts.change(subject ?? "", change));
    },
  );
}
