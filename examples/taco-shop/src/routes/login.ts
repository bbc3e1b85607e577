import { sessionRoutes } from "coatcheck/routes/fastify";
import type { App } from "coatcheck-server";
import type { Account } from "../accounts/accounts.ts";
import { type Limits, limitPerMinute } from "../limits.ts";
import type { Shop } from "../shop.ts";

/** The path of the session endpoints. The older API used the same path, so its clients still work. */
const BASE_PATH = "/api/auth/session-v2";
const MIGRATION_PATH = "/api/auth/migrate-session";

/** Adds the library's session endpoints (login, logout, devices, elevation, events) with the shop's rate limits. */
export async function loginRoutes(app: App, shop: Shop, limits: Limits): Promise<void> {
  const { manager, accounts, browserOrders, clock, schedule } = shop;
  const byPassword = app.rateLimit(limitPerMinute(limits.logins));
  const limiters = new Map([
    [`POST ${BASE_PATH}`, byPassword],
    [`POST ${BASE_PATH}/elevate`, byPassword],
    [`POST ${BASE_PATH}/init`, app.rateLimit(limitPerMinute(limits.inits))],
  ]);
  const check = async ({ email, password }: { readonly email?: unknown; readonly password?: unknown }) =>
    typeof email === "string" && typeof password === "string"
      ? await accounts.checkPassword(email, password)
      : null;

  const endpoints = sessionRoutes<Account>(manager, {
    base: BASE_PATH,
    migratePath: MIGRATION_PATH,
    clock,
    events: { schedule },
    authenticate: async (credentials, { session }) => {
      const user = await check(credentials);
      if (user === null) return null;
      await browserOrders.handOver(await session.load(), user.id);
      return { subject: user.id, user };
    },
    // Does not call `authenticate`, which also moves the browser's orders to the account.
    elevate: async (credentials, scope, { session }) =>
      scope === "account" && (await check(credentials))?.id === (await session.load()).subject,
    user: (id) => accounts.get(id),
  });
  await app.register(async (scope) => {
    // Hide the routes, because one handler serves all endpoints, so the OpenAPI document cannot describe them. API.md
    // does.
    scope.addHook("onRoute", (route) => {
      route.schema = { hide: true };
    });
    scope.addHook("onRequest", async (request, reply) => {
      const [path] = request.url.split("?", 1);
      await limiters.get(`${request.method} ${path}`)?.call(app, request, reply);
    });
    await scope.register(endpoints);
  });
}
