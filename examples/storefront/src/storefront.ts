import type { Clock, SessionManager } from "coatcheck";
import { type RequestSession, sessionOf } from "coatcheck/express";
import type { Visits } from "coatcheck/visit";
import type { Questions } from "coatcheck/visit/questions";
import type { Request } from "express";
import type { LoginAttempts } from "./attempts.ts";
import { cartOf, type ShopData } from "./cart.ts";
import type { Customer, Customers } from "./customers.ts";
import type { PersonalVisits } from "./open-visits.ts";
import type { Orders } from "./orders.ts";
import type { PageContext } from "./pages/layout.ts";

/** The objects that the routes share. */
export interface Storefront {
  readonly manager: SessionManager;
  readonly visits: Visits;
  readonly questions: Questions;
  readonly personalVisits: PersonalVisits;
  readonly customers: Customers;
  readonly orders: Orders;
  readonly attempts: LoginAttempts;
  readonly clock: Clock;
  /** IANA time zone that decides when a day of the figures begins and ends. */
  readonly timeZone: string;
}

/** The session of a request, with the shop's data. */
export type ShopSession = Awaited<ReturnType<RequestSession<ShopData>["load"]>>;

/** Loads the session of a request. Stores nothing. */
export async function openSession(request: Request): Promise<ShopSession> {
  return await sessionOf<ShopData>(request).load();
}

/** Returns the customer of a session; null if the session is not logged in or the account was deleted. */
export function customerOf({ customers }: Storefront, session: ShopSession): Customer | null {
  return customers.findById(session.subject);
}

/** Returns the data that every page shows: the customer, the cart, a message, and whether the visit is collected. */
export async function pageContext(
  shop: Storefront,
  request: Request,
  session: ShopSession,
): Promise<PageContext> {
  const { collected, pageId } = session.visit;
  // A prefetch must not consume the message, because the visitor may never see the page.
  const notice = isVisitorAction(request, session) ? await session.takeFlash("notice") : undefined;
  return {
    path: request.path,
    customer: customerOf(shop, session),
    pieces: cartOf(session.data).pieces,
    notice: typeof notice === "string" ? notice : null,
    pageId,
    measuring: measuringOf(request, collected),
  };
}

function measuringOf(request: Request, collected: boolean): PageContext["measuring"] {
  if (request.get("sec-gpc") === "1") return "refused-by-browser";
  if (/(?:^|;\s*)visitor_optout=1/.test(request.get("cookie") ?? "")) return "opted-out";
  return collected ? "on" : "not-a-person";
}

/** Returns false for requests that no visitor made: prefetches of browsers, and `HEAD` requests of crawlers. */
export function isVisitorAction(request: Request, session: ShopSession): boolean {
  return request.method !== "HEAD" && !session.isPrefetch;
}

/** Waits until the last events are stored, so that the figures include them. Waits for no longer than a second. */
export async function flushVisits({ visits }: Storefront): Promise<void> {
  const timeout = Promise.withResolvers<void>();
  const timer = setTimeout(timeout.resolve, 1000);
  await Promise.race([visits.flush(), timeout.promise]).finally(() => clearTimeout(timer));
}
