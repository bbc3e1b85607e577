import type { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { type Clock, type SessionManager, systemClock } from "coatcheck";
import { coatcheck, type Middleware } from "coatcheck/express";
import type { TrustProxy } from "coatcheck/http";
import { sessionRoutes } from "coatcheck/routes/express";
import express, { type Express } from "express";
import type { Logger } from "pino";
import { LoginAttempts } from "./attempts.ts";
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
import { createErrorHandler, rejectUnknownPaths } from "./routes/errors.ts";
import { figureRoutes } from "./routes/figures.ts";
import { loginRoutes } from "./routes/login.ts";
import { setSecurityHeaders } from "./security-headers.ts";
import type { Storefront } from "./storefront.ts";

/** Options of {@link buildStorefront}. */
export interface StorefrontOptions {
  readonly manager: SessionManager;
  readonly visits: Omit<OpenVisits, "close">;
  /** The result of `openShopDatabase()`. */
  readonly database: DatabaseSync;
  readonly log: Logger;
  /** Whether cookies are `Secure`. `by-host`: cookies are `Secure` except on localhost over http, for development. */
  readonly secureCookie: boolean | "by-host";
  readonly trustProxy?: TrustProxy;
  /** IANA time zone in which the figures count days. Default: `UTC`. */
  readonly timeZone?: string;
  readonly clock?: Clock;
  /** Cost of the password hash. Default: OWASP's recommendation. */
  readonly passwordCost?: PasswordCost;
  /** Allowed password attempts per network address and minute. Default: 10. */
  readonly attemptsPerMinute?: number;
}

const PUBLIC_FOLDER = fileURLToPath(new URL("../public", import.meta.url));

/** The name of the session cookie. A `Secure` cookie also has the prefix `__Host-`. */
const COOKIE_NAME = "session";

/** Builds the Express application and creates the demo accounts. The order of the middleware matters. */
export async function buildStorefront(options: StorefrontOptions): Promise<Express> {
  const { manager, log, clock = systemClock, timeZone = "UTC" } = options;
  const { visits, questions, personalVisits } = options.visits;
  const customers = new Customers(options.database, options.passwordCost);
  await customers.addDemo();
  const shop: Storefront = {
    manager,
    visits,
    questions,
    personalVisits,
    customers,
    orders: new Orders(options.database),
    attempts: new LoginAttempts(clock, options.attemptsPerMinute ?? 10),
    clock,
    timeZone,
  };
  const app = express();
  app.disable("x-powered-by");
  // Disable ETags: pages depend on the session, and a response with status 304 would not be counted as a page view.
  app.disable("etag");
  // 1. Everything that needs no session: headers, files, and the operator's page, which is not counted as a page view.
  app.use(setSecurityHeaders, express.static(PUBLIC_FOLDER, { index: false }));
  app.use(figureRoutes(shop));
  // 2. Body parsers, because the CSRF check reads the body.
  app.use(express.urlencoded({ extended: false, limit: "16kb" }), express.json({ limit: "64kb" }));
  // 3. Sessions and visits: `request.session`, `request.visit`, `request.visitorId`, and the CSRF check.
  app.use(sessionsFor(options));
  // 4. The library's endpoints: session, tracking script, beacon, opt-out and opt-in.
  app.use(endpointsOf(shop));
  // 5. The API and the pages of the shop.
  app.use("/api/storefront", apiRoutes(shop));
  app.use(
    catalogRoutes(shop),
    cartRoutes(shop),
    loginRoutes(shop),
    checkoutRoutes(shop),
    accountRoutes(shop),
  );
  // 6. Requests that no route has handled, and errors.
  app.use(rejectUnknownPaths);
  app.use(createErrorHandler(shop, log));
  return app;
}

/** Creates the session endpoints. Through them, a page's script can log in without the login form. */
function endpointsOf(shop: Storefront): Middleware {
  return sessionRoutes(shop.manager, {
    authenticate: async ({ email, password }, { session }) => {
      if (typeof email !== "string" || typeof password !== "string") return null;
      const customer = await checkCredentials(shop, session.client.address, { email, password });
      return { subject: customer.id };
    },
  });
}

/** Creates the session middleware, with or without `Secure` cookies. */
function sessionsFor({
  manager,
  visits: { visits },
  trustProxy = false,
  secureCookie,
}: StorefrontOptions): Middleware {
  const secure = coatcheck(manager, { visits, trustProxy, cookie: { name: COOKIE_NAME } });
  const plain = coatcheck(manager, { visits, trustProxy, cookie: { name: COOKIE_NAME, secure: false } });
  if (secureCookie !== "by-host") return secureCookie ? secure : plain;
  return (request, response, next) => {
    const isLocal = isLoopbackHost(request.headers.host ?? "") && !request.headers["x-forwarded-proto"];
    (isLocal ? plain : secure)(request, response, next);
  };
}

function isLoopbackHost(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host);
}
