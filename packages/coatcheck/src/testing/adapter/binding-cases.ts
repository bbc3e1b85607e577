import assert from "node:assert/strict";
import type { BindingRequest, ClientBinding } from "../../http/client-binding.ts";
import type { BindingPolicy, RequestClient } from "../../session/binding.ts";
import { type AdapterCases, loginRoute, showRoute, showSession } from "./case.ts";
import type { Route } from "./exchange.ts";

/**
 * A binding for which the first word of the `User-Agent` header is the browser family, and the complete IP address is
 * the network.
 */
function bindingWith(policy: BindingPolicy): ClientBinding {
  const rules = { policyOf: () => policy, familyOf: firstWord, onUnusualLogin: null };
  return {
    open: ({ request, client }: BindingRequest): RequestClient => ({
      rules,
      userAgent: firstWord(request.header("user-agent") ?? null),
      network: client().address,
      country: null,
    }),
  };
}

function firstWord(userAgent: string | null): string {
  return userAgent?.split("/")[0] ?? "none";
}

/** Elevates for the scope `payment`. */
const elevateRoute: Route = {
  async handle(exchange) {
    const session = await exchange.session.load();
    await session.elevate("payment", 300_000);
    return showSession(exchange);
  },
};

const routes = { "/login": loginRoute, "/show": showRoute, "/elevate": elevateRoute };
const from = (userAgent: string, address = "198.51.100.9") => ({
  headers: { "user-agent": userAgent, "x-forwarded-for": address },
});
const routesWithGuard = {
  ...routes,
  "/pay": { guard: { elevated: "payment" }, handle: showRoute.handle },
} as const;
const routesWithLogin = { ...routes, "/account": { guard: "subject", handle: showRoute.handle } } as const;

/** A session is bound to the client that logged in. The adapter reports the client of each request. */
export const bindingCases: AdapterCases = {
  "a session used by another browser is revoked, and the request is anonymous": {
    http: { binding: bindingWith({ userAgent: "revoke", address: "off" }) },
    routes: routesWithLogin,
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login", from("firefox/140"));
      assert.equal((await browser.send("/account", from("firefox/141"))).status, 200);
      const stranger = await browser.send("/show", from("chrome/126"));
      assert.deepEqual(
        [JSON.parse(stranger.body).subject, JSON.parse(stranger.body).refusal, stranger.cookies],
        [null, "client-changed", []],
      );
      const refused = await browser.send("/account", from("firefox/141"));
      assert.deepEqual([refused.status, refused.code], [401, "SESSION_REVOKED"]);
    },
  },
  "a session used from another network loses its elevations until the next step-up": {
    http: { binding: bindingWith({ userAgent: "off", address: "step-up" }), trustProxy: 1 },
    routes: routesWithGuard,
    async check(fixture) {
      const browser = fixture.openBrowser();
      await browser.send("/login", from("firefox/140"));
      await browser.send("/elevate", from("firefox/140"));
      assert.equal((await browser.send("/pay", from("firefox/140"))).status, 200);
      const moved = from("firefox/140", "203.0.113.7");
      const refused = await browser.send("/pay", moved);
      assert.deepEqual([refused.status, refused.code], [403, "REAUTHENTICATION_REQUIRED"]);
      await browser.send("/elevate", moved);
      assert.equal((await browser.send("/pay", moved)).status, 200);
    },
  },
};
