import type { DatabaseSync } from "node:sqlite";
import type { Clock, Schedule } from "coatcheck";
import type { Upstream } from "coatcheck/gateway";
import {
  type App,
  Authenticator,
  type BaseAppOptions,
  buildBaseApp,
  healthRoutes,
  type OpenSessions,
  readJson,
} from "coatcheck-server";
import { AccountOrders } from "./accounts/account-orders.ts";
import { Accounts } from "./accounts/accounts.ts";
import type { PasswordHasher } from "./accounts/password.ts";
import { PlacedOrders } from "./accounts/placed-orders.ts";
import { Backend } from "./backend.ts";
import { reportBackendTime } from "./backend-time.ts";
import { BrowserOrders } from "./browser-orders.ts";
import { Changes } from "./changes.ts";
import { Invitations } from "./invitations.ts";
import { JoinedOrders } from "./joined-orders.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import { addOperationIds } from "./operation-ids.ts";
import { OrderAccess } from "./order-access.ts";
import { OrderHistory } from "./order-history.ts";
import { servePage } from "./page.ts";
import { accountRoutes } from "./routes/accounts.ts";
import { cartRoutes } from "./routes/cart.ts";
import { eventRoutes } from "./routes/events.ts";
import { loginRoutes } from "./routes/login.ts";
import { menuRoutes } from "./routes/menu.ts";
import { placedOrderRoutes } from "./routes/orders.ts";
import { orderSessionRoutes } from "./routes/sessions.ts";
import { sharingRoutes } from "./routes/sharing.ts";
import { SessionNotifier } from "./session-notifier.ts";
import type { Shop } from "./shop.ts";
import { ShopSessions } from "./shop-sessions.ts";

/** Options of {@link buildShop}. */
export interface ShopOptions extends Pick<BaseAppOptions, "log" | "trustProxy" | "secureCookie"> {
  readonly sessions: Pick<OpenSessions, "manager" | "credentials" | "describeClient">;
  /** The gateway to the backend. */
  readonly upstream: Upstream;
  /** The result of `openAccountsDatabase()`. */
  readonly accounts: DatabaseSync;
  /** Hashes the passwords of accounts. Default: scrypt with the cost that OWASP recommends. */
  readonly passwordHasher?: PasswordHasher | undefined;
  /** Rate limits per network address. Default: {@link DEFAULT_LIMITS}. */
  readonly limits?: Limits;
  readonly clock: Clock;
  readonly schedule: Schedule;
}

const DESCRIPTION = `
Several open orders per browser, in front of a backend that keeps one cart per visitor. Each order is a session with its
own backend cookies and backend CSRF token. Prices are in rappen.
`;

/**
 * Builds the shop's API and page without listening yet. Closing the app leaves sessions, gateway and accounts database
 * open.
 */
export async function buildShop(options: ShopOptions): Promise<App> {
  const { upstream, limits = DEFAULT_LIMITS, clock, schedule, log, trustProxy, secureCookie } = options;
  const { manager, credentials, describeClient } = options.sessions;
  const app = await buildBaseApp({
    title: "Taco shop",
    description: DESCRIPTION,
    manager,
    log,
    trustProxy,
    secureCookie,
    describeClient,
    serverTiming: true,
  });
  // fetch sends a string body as text/plain. A cross-site page can send that without a CORS preflight; the CSRF check
  // rejects it by its origin, not by its content type.
  app.addContentTypeParser("text/plain", { parseAs: "string" }, async (_request: unknown, body: string) =>
    readJson(body),
  );

  reportBackendTime(app);
  addOperationIds(app);

  const accountOrders = new AccountOrders(options.accounts);
  const access = new OrderAccess(manager, accountOrders, clock);
  const joinedOrders = new JoinedOrders(manager, accountOrders);
  const ownedSessions = new ShopSessions(manager, access, accountOrders, clock);
  const history = new OrderHistory(options.accounts);
  const changes = new Changes(manager, history, clock);
  const shop: Shop = {
    manager,
    authenticator: new Authenticator(credentials),
    ownedSessions,
    clock,
    schedule,
    accounts: new Accounts(options.accounts, options.passwordHasher),
    accountOrders,
    placedOrders: new PlacedOrders(options.accounts),
    backend: new Backend(upstream, manager, clock),
    access,
    browserOrders: new BrowserOrders({
      manager,
      ownedSessions,
      orderAccess: access,
      accountOrders,
      joinedOrders,
    }),
    joinedOrders,
    changes,
    history,
    invitations: new Invitations(manager, access, changes, clock),
    notifier: new SessionNotifier(manager, clock, schedule),
  };
  await loginRoutes(app, shop, limits);
  accountRoutes(app, shop, limits);
  orderSessionRoutes(app, shop);
  for (const prefix of ["/api/v1/sessions/:sessionId", "/api/v1"]) {
    cartRoutes(app, shop, prefix);
    placedOrderRoutes(app, shop, prefix);
  }
  menuRoutes(app, shop);
  sharingRoutes(app, shop);
  eventRoutes(app, shop);
  healthRoutes(app, shop);
  await servePage(app);
  return app;
}
