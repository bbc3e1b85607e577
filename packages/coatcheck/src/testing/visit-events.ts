import { randomUUID } from "node:crypto";
import type { DocumentCount, VisitEvent } from "../visit/event.ts";

const EVENT_TIME = Date.UTC(2026, 0, 1, 12);

/** Creates a page view with random ids. `members` override the defaults. */
export function makeEvent(members: Partial<VisitEvent> = {}): VisitEvent {
  const at = members.at ?? EVENT_TIME;
  return {
    id: randomUUID(),
    type: "page_view",
    at,
    receivedAt: at,
    origin: "browser",
    visitorId: randomUUID(),
    sessionId: randomUUID(),
    subject: null,
    tenant: null,
    page: { id: randomUUID(), host: "shop.example", path: "/", title: "Shop" },
    visibleTime: null,
    source: null,
    client: null,
    isKey: false,
    order: null,
    properties: {},
    ...members,
  };
}

/** Creates an event in which every member has a value. */
export function makeFullEvent(members: Partial<VisitEvent> = {}): VisitEvent {
  return makeEvent({
    type: "order_completed",
    receivedAt: (members.at ?? EVENT_TIME) + 1500,
    subject: "customer-7",
    tenant: "acme",
    visibleTime: 4200,
    source: {
      channel: "Paid Search",
      source: "google",
      medium: "cpc",
      campaign: "été 🌮",
      term: "tacos",
      content: "banner",
      referrer: "google.com",
      clickId: "gclid",
    },
    client: {
      browser: "Firefox 140",
      os: "Linux",
      device: "desktop",
      country: "MX",
      city: "Ciudad de México",
      userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    },
    isKey: true,
    order: { orderId: `order-${randomUUID()}`, revenue: 1299, currency: "EUR" },
    properties: { coupon: "SPRING", items: [{ sku: "taco", quantity: 3 }], isGift: false, note: null },
    ...members,
  });
}

/** Creates the count of one document that a bot has requested. */
export function makeCount(members: Partial<DocumentCount> = {}): DocumentCount {
  return { id: randomUUID(), kind: "bot", hour: EVENT_TIME, tenant: null, documents: 1, ...members };
}
