/**
 * Generates the traffic of a shop over 90 days, in chronological order. Visit number `i` is the same in every run and
 * does not depend on other visits.
 */
import type { EventClient, Source, VisitEvent } from "../../packages/coatcheck/src/visit/event.ts";
import { pickItem, randomNumber, timeUuid, uuid } from "./random.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
export const DAY = 24 * 60 * MINUTE;

/** The end of the traffic: the first millisecond after its last day in UTC, as epoch milliseconds. */
export const TRAFFIC_END = Date.UTC(2026, 9, 1);
/** The number of visits that produce about one million events. */
export const VISITS_PER_MILLION_EVENTS = 150_000;

/** The share of the visits that are the first visit of a new visitor. */
const NEW_VISITOR_SHARE = 0.6;
/**
 * The longest distance between two consecutive visits of one visitor: the number of visits between them, as a share of
 * all visits.
 */
const MAX_RETURN_DISTANCE_SHARE = 0.4;
/** The longest generated visit, in milliseconds. Sorting the events chronologically buffers them for this long. */
const MAX_VISIT_DURATION = 60 * MINUTE;
const PRODUCT_COUNT = 400;

const DIRECT_SOURCE: Source = {
  channel: "Direct",
  source: null,
  medium: null,
  campaign: null,
  term: null,
  content: null,
  referrer: null,
  clickId: null,
};

const SOURCES: readonly Source[] = [
  ...Array.from({ length: 8 }, () => DIRECT_SOURCE),
  ...["google", "google", "google", "bing", "duckduckgo", "ecosia"].map((source) => ({
    ...DIRECT_SOURCE,
    channel: "Organic Search",
    source,
    medium: "organic",
    referrer: `${source}.com`,
  })),
  ...Array.from({ length: 20 }, (_, campaign) => ({
    ...DIRECT_SOURCE,
    channel: campaign % 2 === 0 ? "Paid Search" : "Email",
    source: campaign % 2 === 0 ? "google" : "newsletter",
    medium: campaign % 2 === 0 ? "cpc" : "email",
    campaign: `campaign-${campaign}`,
  })),
  ...Array.from({ length: 30 }, (_, site) => ({
    ...DIRECT_SOURCE,
    channel: "Referral",
    source: `blog-${site}.example`,
    medium: "referral",
    referrer: `blog-${site}.example`,
  })),
];

const DEVICES = [
  ["desktop", "Windows 11", "Chrome 141"],
  ["desktop", "Windows 11", "Edge 141"],
  ["desktop", "macOS 26", "Safari 26"],
  ["desktop", "Linux", "Firefox 144"],
  ["mobile", "iOS 26", "Safari 26"],
  ["mobile", "Android 16", "Chrome 141"],
  ["mobile", "Android 15", "Samsung Internet 29"],
  ["tablet", "iPadOS 26", "Safari 26"],
] as const;
const COUNTRIES = [
  "CH",
  "CH",
  "DE",
  "DE",
  "AT",
  "FR",
  "IT",
  "GB",
  "US",
  "MX",
  "ES",
  "NL",
  "SE",
  "PL",
  "CA",
  "JP",
];
const EVENT_CLIENTS: readonly EventClient[] = DEVICES.flatMap(([device, os, browser]) =>
  COUNTRIES.map((country) => ({
    browser,
    os,
    device,
    country,
    city: `Capital of ${country}`,
    userAgent: null,
  })),
);

/** The amount of generated traffic. */
export interface TrafficOptions {
  readonly visits: number;
  /** Number of days of traffic before {@link TRAFFIC_END}. */
  readonly days: number;
}

/** Yields the events of all visits in the order in which they happen. */
export function* eventsOf({ visits, days }: TrafficOptions): Generator<VisitEvent> {
  const step = (days * DAY) / visits;
  const start = TRAFFIC_END - days * DAY;
  let waiting: VisitEvent[] = [];
  let flushAt = start + 2 * MAX_VISIT_DURATION;
  for (let visit = 0; visit < visits; visit++) {
    const begin = Math.floor(start + visit * step);
    if (begin >= flushAt) {
      waiting.sort((left, right) => left.at - right.at);
      const later = waiting.findIndex(({ at }) => at >= begin);
      const ready = later < 0 ? waiting : waiting.slice(0, later);
      yield* ready;
      waiting = later < 0 ? [] : waiting.slice(later);
      flushAt = begin + MAX_VISIT_DURATION;
    }
    for (const event of eventsOfVisit(visit, begin, visits)) waiting.push(event);
  }
  yield* waiting.sort((left, right) => left.at - right.at);
}

/** Groups events into batches of `size`. */
export function* batchesOf(events: Iterable<VisitEvent>, size: number): Generator<VisitEvent[]> {
  let batch: VisitEvent[] = [];
  for (const event of events) {
    batch.push(event);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Returns the visitor who made a visit. A visitor is identified by the number of their first visit. */
function visitorOf(visit: number, visits: number): number {
  let current = visit;
  while (current > 0 && randomNumber(current, 1) >= NEW_VISITOR_SHARE) {
    const distance = 1 + Math.floor(randomNumber(current, 2) ** 2 * visits * MAX_RETURN_DISTANCE_SHARE);
    if (distance > current) break;
    current -= distance;
  }
  return current;
}

/** Returns the session id of a visit. */
export function sessionOf(visit: number): string {
  return uuid(visit, 21);
}

/** Writes the events of one visit. */
class VisitWriter {
  readonly events: VisitEvent[] = [];
  readonly #visit: number;
  readonly #shared: Pick<VisitEvent, "visitorId" | "sessionId" | "client">;
  #at: number;
  #subject: string | null = null;
  #page: VisitEvent["page"] = null;

  constructor(visit: number, begin: number, visits: number) {
    this.#visit = visit;
    this.#at = begin;
    const visitor = visitorOf(visit, visits);
    this.#shared = {
      visitorId: uuid(visitor, 11),
      sessionId: sessionOf(visit),
      client: pickItem(EVENT_CLIENTS, visitor, 12),
    };
  }

  writePageView(path: string): void {
    const id = uuid(this.#visit * 64 + this.events.length, 31);
    this.#page = { id, host: "shop.example", path, title: null };
    const isEntry = this.events.length === 0;
    this.#write("page_view", { source: isEntry ? pickItem(SOURCES, this.#visit, 13) : DIRECT_SOURCE });
  }

  /** Simulates reading the page, and writes the event that reports how long the page was visible. */
  writePageTime(): void {
    const time = SECOND + Math.floor(randomNumber(this.#visit, 40 + this.events.length) ** 2 * 3 * MINUTE);
    this.#at += time;
    this.#write("page_time", { visibleTime: time });
  }

  writeEvent(type: string, isKey = false): void {
    this.#at += SECOND;
    this.#write(type, { isKey });
  }

  writeLogin(): void {
    this.#subject = `customer-${Math.floor(randomNumber(this.#visit, 14) * 50_000)}`;
    this.writeEvent("login", true);
  }

  writeOrder(): void {
    this.#at += SECOND;
    const revenue = Math.floor(randomNumber(this.#visit, 15) * 20_000);
    const currency = randomNumber(this.#visit, 16) < 0.8 ? "CHF" : "EUR";
    this.#write("order_completed", {
      isKey: true,
      order: { orderId: `order-${this.#visit}`, revenue, currency },
    });
  }

  #write(type: string, own: Partial<VisitEvent>): void {
    this.events.push({
      id: timeUuid(this.#at, this.#visit, this.events.length),
      type,
      at: this.#at,
      receivedAt: this.#at,
      origin: "browser",
      ...this.#shared,
      subject: this.#subject,
      tenant: null,
      page: this.#page,
      visibleTime: null,
      source: null,
      isKey: false,
      order: null,
      properties: {},
      ...own,
    });
  }
}

/**
 * Returns the events of one visit: 6.7 on average. A third of the visits have one page view, and one in thirty has an
 * order.
 */
function eventsOfVisit(visit: number, begin: number, visits: number): readonly VisitEvent[] {
  const writer = new VisitWriter(visit, begin, visits);
  const mood = randomNumber(visit, 3);
  writer.writePageView(mood < 0.5 ? "/" : productOf(visit, 0));
  writer.writePageTime();
  if (mood < 0.355) return writer.events;
  const pages = 1 + Math.floor(randomNumber(visit, 4) * 4);
  for (let page = 1; page <= pages; page++) {
    writer.writePageView(productOf(visit, page));
    if (page % 2 === 1) writer.writeEvent("product_view");
    writer.writePageTime();
  }
  if (mood < 0.8) return writer.events;
  writer.writeEvent("add_to_cart", true);
  if (mood < 0.9) return writer.events;
  writer.writePageView("/checkout");
  writer.writeEvent("begin_checkout", true);
  writer.writeLogin();
  if (mood >= 0.967) writer.writeOrder();
  return writer.events;
}

function productOf(visit: number, page: number): string {
  return `/taco/${Math.floor(randomNumber(visit, 50 + page) ** 2 * PRODUCT_COUNT)}`;
}
