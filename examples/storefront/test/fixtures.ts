import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SessionManager } from "coatcheck";
import { sqliteStore } from "coatcheck/store/sqlite";
import type { TimelineEvent } from "coatcheck/visit/questions";
import { pino } from "pino";
import { buildStorefront, type StorefrontOptions } from "../src/app.ts";
import { openShopDatabase } from "../src/database.ts";
import { openVisits } from "../src/open-visits.ts";
import { Browser } from "./browser.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** The credentials of the demo account. */
export const ADA = { email: "customer@example.com", password: "password123" };
export const ADDRESS = {
  name: "Ada Example",
  street: "Hanger Lane 7",
  postalCode: "8000",
  city: "Zurich",
  country: "Switzerland",
};
export const TRENCH_COAT = { product: "trench", colour: "camel", size: "M", quantity: "2" };

/** Starts a shop with sessions and visits in one SQLite file, and a clock that the test controls. */
export async function startShop(options: Partial<StorefrontOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "storefront-"));
  const path = join(folder, "shop.db");
  let now = Date.UTC(2026, 2, 10, 12);
  const clock = { now: () => now };
  const store = sqliteStore({ path, clock });
  const manager = new SessionManager({ store, secrets: ["the secret of these tests"], clock });
  const open = await openVisits({
    database: { kind: "sqlite", path },
    privacy: "full",
    timeZone: "UTC",
    clock,
  });
  const database = openShopDatabase(":memory:");
  const app = await buildStorefront({
    manager,
    visits: open,
    database,
    log: pino({ level: "silent" }),
    secureCookie: "by-host",
    clock,
    passwordCost: { N: 64, r: 8, p: 1 },
    ...options,
  });
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const today = { from: "2026-03-10", to: "2026-03-10" };
  return {
    url,
    manager,
    questions: open.questions,
    advance: (milliseconds: number) => {
      now += milliseconds;
    },
    browser: () => new Browser(url, clock),
    /** Returns the shop's JSON response about a browser's session. */
    async sessionOf(browser: Browser) {
      return (await browser.fetchInPage("/api/storefront/session")).json.data;
    },
    /** Returns the stored events of a browser's session, oldest first. */
    async eventsOf(browser: Browser): Promise<readonly TimelineEvent[]> {
      const { data } = (await browser.fetchInPage("/api/storefront/session")).json;
      return await this.timelineOf(data.sessionId);
    },
    /** Returns the stored events of a session, oldest first. */
    async timelineOf(sessionId: string): Promise<readonly TimelineEvent[]> {
      await open.visits.flush();
      return (await open.questions.sessionTimeline(sessionId)).events;
    },
    /** Returns the shop's figures of the day on which the tests run. */
    async overview() {
      await open.visits.flush();
      return await open.questions.overview(today);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
      await open.close();
      await manager.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** A running shop for tests. */
export type TestShop = Awaited<ReturnType<typeof startShop>>;

/** Puts two trench coats into the cart and logs the browser in. */
export async function fillCart(browser: Browser): Promise<void> {
  await browser.open("/products/trench");
  await browser.submit("/cart", TRENCH_COAT);
  await browser.submit("/login", ADA);
}

/** Opens the checkout. Returns the hidden fields of its form. */
export async function openCheckout(browser: Browser): Promise<{ checkout: string; total: string }> {
  const { body } = await browser.open("/checkout");
  return { checkout: hiddenField(body, "checkout"), total: hiddenField(body, "total") };
}

function hiddenField(body: string, name: string): string {
  const value = new RegExp(`name="${name}" value="([^"]+)"`).exec(body)?.[1];
  if (value === undefined) throw new Error(`The page has no field ${name}.`);
  return value;
}
