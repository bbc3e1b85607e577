import type { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { type Clock, type SessionManager, systemClock } from "coatcheck";
import { coatcheck, type Middleware } from "coatcheck/express";
import type { TrustProxy } from "coatcheck/http";
import { sessionRoutes } from "coatcheck/routes/express";
import express, { type Express } from "express";
import type { Logger } from "pino";
import { Attempts } from "./attempts.ts";
import { Customers } from "./customers.ts";
import { checkCredentials } from "./log-in.ts";
import type { OpenVisits } from "./open-visits.ts";
import { Orders } from "./orders.ts";
import type { PasswordCost } from "./password.ts";
import { accountRoutes } from "./routes/account.ts";
import { apiRoutes } from "./routes/api.ts";
import { cartRoutes } from "./routes/cart.ts";
import { catalogRoutes } from "./routes/catalog.ts";
import { checkoutRoutes } from "./routes/checkout.ts";
import { refuseOthers, shopErrors } from "./routes/errors.ts";
import { figureRoutes } from "./routes/figures.ts";
import { loginRoutes } from "./routes/login.ts";
import { securityHeaders } from "./security-headers.ts";
import type { Storefront } from "./storefront.ts";

/** Options of {@link buildStorefront}. */
export interface StorefrontOptions {
  readonly manager: SessionManager;
  readonly visits: Omit<OpenVisits, "close">;
  /** The database that `openShopDatabase` opened. */
  readonly database: DatabaseSync;
  readonly log: Logger;
  /** Whether cookies are `Secure`. `by-host`: not for this machine's own names, where development uses http. */
  readonly secureCookie: boolean | "by-host";
  readonly trustProxy?: TrustProxy;
  /** IANA name of the zone of the figures. Default: `UTC`. */
  readonly timeZone?: string;
  readonly clock?: Clock;
  /** Default: OWASP's recommendation. */
  readonly passwordCost?: PasswordCost;
  /** Password attempts of an address per minute. Default: 10. */
  readonly attemptsPerMinute?: number;
}

const PUBLIC = fileURLToPath(new URL("../public", import.meta.url));

/** The name that the cookie has on this site; on https with the prefix `__Host-`. */
const COOKIE = "session";

/** Builds the shop, without listening yet, and creates the demo accounts. The order of the middleware matters. */
export async function buildStorefront(options: StorefrontOptions): Promise<Express> {
  const { manager, log, clock = systemClock, timeZone = "UTC" } = options;
  const { visits, questions, personal } = options.visits;
  const customers = new Customers(options.database, options.passwordCost);
  await customers.addDemo();
  const shop: Storefront = {
    manager,
    visits,
    questions,
    personal,
    customers,
    orders: new Orders(options.database),
    attempts: new Attempts(clock, options.attemptsPerMinute ?? 10),
    clock,
    timeZone,
  };
  const app = express();
  app.disable("x-powered-by");
  // No ETags: a page depends on the session, and a 304 would not count as a page view.
  app.disable("etag");
  // 1. Everything without a session: headers, files, and the operator's page, whose views are not counted.
  app.use(securityHeaders, express.static(PUBLIC, { index: false }));
  app.use(figureRoutes(shop));
  // 2. Bodies, before the checks that read them.
  app.use(express.urlencoded({ extended: false, limit: "16kb" }), express.json({ limit: "64kb" }));
  // 3. Sessions and visits: `request.session`, `request.visit`, `request.visitorId`, and the CSRF check.
  app.use(sessionsFor(options));
  // 4. The library's endpoints: the page script, its beacon, opt-out and opt-in.
  app.use(endpointsOf(shop));
  // 5. The shop.
  app.use("/api/storefront", apiRoutes(shop));
  app.use(
    catalogRoutes(shop),
    cartRoutes(shop),
    loginRoutes(shop),
    checkoutRoutes(shop),
    accountRoutes(shop),
  );
  // 6. Requests that no route has handled, and errors.
  app.use(refuseOthers);
  app.use(shopErrors(shop, log));
  return app;
}

/** The session endpoints. A page's script may log in there too. */
function endpointsOf(shop: Storefront): Middleware {
  return sessionRoutes(shop.manager, {
    authenticate: async ({ email, password }, { session }) => {
      if (typeof email !== "string" || typeof password !== "string") return null;
      const customer = await checkCredentials(shop, session.client.address, { email, password });
      return { subject: customer.id };
    },
  });
}

/** The session middleware, with and without `Secure` cookies. */
function sessionsFor({
  manager,
  visits: { visits },
  trustProxy = false,
  secureCookie,
}: StorefrontOptions): Middleware {
  const secure = coatcheck(manager, { visits, trustProxy, cookie: { name: COOKIE } });
  const plain = coatcheck(manager, { visits, trustProxy, cookie: { name: COOKIE, secure: false } });
  if (secureCookie !== "by-host") return secureCookie ? secure : plain;
  return (request, response, next) => {
    const isLocal = isLoopbackHost(request.headers.host ?? "") && !request.headers["x-forwarded-proto"];
    (isLocal ? plain : secure)(request, response, next);
  };
}

function isLoopbackHost(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host);
}
