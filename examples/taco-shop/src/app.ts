import { existsSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { Clock, Schedule } from "coatcheck";
import type { Upstream } from "coatcheck/gateway";
import {
  type App,
  buildShell,
  Callers,
  healthRoutes,
  type OpenSessions,
  readJson,
  type ShellOptions,
} from "coatcheck-server";
import { Doorkeeper } from "./access.ts";
import { AccountOrders } from "./accounts/account-orders.ts";
import { Accounts } from "./accounts/accounts.ts";
import type { Passwords } from "./accounts/password.ts";
import { Backend } from "./backend.ts";
import { tellBackendTime } from "./backend-time.ts";
import { BrowserOrders } from "./browser-orders.ts";
import { Changes } from "./changes.ts";
import { Invitations } from "./invitations.ts";
import { JoinedOrders } from "./joined-orders.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { LiveSessions } from "./live.ts";
import { accountRoutes } from "./routes/accounts.ts";
import { cartRoutes } from "./routes/cart.ts";
import { eventRoutes } from "./routes/events.ts";
import { loginRoutes } from "./routes/login.ts";
import { placedOrderRoutes } from "./routes/orders.ts";
import { resourceRoutes } from "./routes/resources.ts";
import { orderSessionRoutes } from "./routes/sessions.ts";
import { sharingRoutes } from "./routes/sharing.ts";
import type { Shop } from "./shop.ts";
import { ShopSessions } from "./shop-sessions.ts";

/** What {@link buildShop} takes. */
export interface ShopOptions extends Pick<ShellOptions, "log" | "trustProxy" | "secureCookie"> {
  readonly sessions: Pick<OpenSessions, "manager" | "credentials" | "describeClient">;
  /** The gateway to the backend. */
  readonly upstream: Upstream;
  /** By `openAccountsDatabase`. */
  readonly accounts: DatabaseSync;
  /** As costly as OWASP recommends unless given. */
  readonly passwords?: Passwords | undefined;
  /** {@link LIMITS} unless given. */
  readonly limits?: Limits;
  readonly clock: Clock;
  readonly schedule: Schedule;
}

const DESCRIPTION = `
Orders side by side, in front of a backend that knows one cart per visitor. Each order is a session with its own
cookies and CSRF token there. Prices are in rappen.
`;

/** Built by \`vite build\`; until then there is only the API. */
const PAGE = fileURLToPath(new URL("../page/dist", import.meta.url));

/** The shop's API and page; it listens to nothing yet. Closing it leaves sessions, gateway and accounts open. */
export async function buildShop(options: ShopOptions): Promise<App> {
  const { upstream, limits = LIMITS, clock, schedule, log, trustProxy, secureCookie } = options;
  const { manager, credentials, describeClient } = options.sessions;
  const app = await buildShell({
    title: "Taco shop",
    description: DESCRIPTION,
    manager,
    log,
    trustProxy,
    secureCookie,
    describeClient,
    serverTiming: true,
  });
  // What fetch says of a body that is a bare string. Another site's page may send it too, and is turned away by where it
  // comes from, not by what it calls its body.
  app.addContentTypeParser("text/plain", { parseAs: "string" }, async (_request: unknown, body: string) =>
    readJson(body),
  );

  tellBackendTime(app);

  const accountOrders = new AccountOrders(options.accounts);
  const doorkeeper = new Doorkeeper(manager, accountOrders, clock);
  const joined = new JoinedOrders(manager, accountOrders);
  const owned = new ShopSessions(manager, doorkeeper, accountOrders, clock);
  const changes = new Changes(manager, clock);
  const shop: Shop = {
    manager,
    callers: new Callers(credentials),
    owned,
    clock,
    schedule,
    accounts: new Accounts(options.accounts, options.passwords),
    accountOrders,
    backend: new Backend(upstream, manager),
    doorkeeper,
    browserOrders: new BrowserOrders({ manager, owned, doorkeeper, accountOrders, joined }),
    joined,
    changes,
    invitations: new Invitations(manager, doorkeeper, changes, clock),
    live: new LiveSessions(manager, clock, schedule),
  };
  await loginRoutes(app, shop, limits);
  accountRoutes(app, shop, limits);
  orderSessionRoutes(app, shop);
  for (const prefix of ["/api/v1/sessions/:sessionId", "/api/v1"]) {
    cartRoutes(app, shop, prefix);
    placedOrderRoutes(app, shop, prefix);
  }
  resourceRoutes(app, shop);
  sharingRoutes(app, shop);
  eventRoutes(app, shop);
  healthRoutes(app, shop);
  if (existsSync(PAGE)) await app.register(fastifyStatic, { root: PAGE });
  return app;
}
