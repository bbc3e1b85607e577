import fc from "fast-check";
import type { VisitEvent } from "../../../src/visit/event.ts";
import { createEvent, createSource, createUuid, HOUR, MINUTE, START } from "../facts/events.ts";

/**
 * Gaps below and above every limit: the visit timeout, the maximum duration of a visit, the delay of beacons, and the
 * age up to which visits are rebuilt.
 */
const GAPS_BETWEEN_EVENTS = [
  0,
  1,
  MINUTE,
  15 * MINUTE,
  30 * MINUTE - 1,
  30 * MINUTE,
  HOUR,
  23 * HOUR,
  24 * HOUR,
  47 * HOUR,
  48 * HOUR,
  49 * HOUR,
  72 * HOUR,
];

const EVENT_TYPES = ["page_view", "page_view", "page_time", "product_view", "add_to_cart", "order_completed"];

const arbitraryEvent = fc.record({
  gap: fc.constantFrom(...GAPS_BETWEEN_EVENTS),
  type: fc.constantFrom(...EVENT_TYPES),
  isBackend: fc.boolean(),
  page: fc.integer({ min: 1, max: 3 }),
  session: fc.integer({ min: 1, max: 2 }),
  subject: fc.option(fc.constantFrom("customer-1", "customer-2")),
  visibleTime: fc.integer({ min: 0, max: 20_000 }),
  isDirect: fc.boolean(),
});

/**
 * Generates events of one visitor, sorted by time. The events use a small number of pages and sessions. Each order
 * event reports another order.
 */
export const arbitraryEventsOfVisitor: fc.Arbitrary<VisitEvent[]> = fc
  .array(arbitraryEvent, { minLength: 1, maxLength: 14 })
  .map((drafts) => {
    let at = START;
    return drafts.map((draft, index) => {
      at += draft.gap;
      const { type } = draft;
      const isBackend = draft.isBackend && type !== "page_view" && type !== "page_time";
      return createEvent({
        id: createUuid(index),
        type,
        at,
        origin: isBackend ? "backend" : "browser",
        page: isBackend
          ? null
          : { id: `page-${draft.page}`, host: "shop.example", path: `/${draft.page}`, title: null },
        sessionId: `session-${draft.session}`,
        subject: draft.subject,
        visibleTime: type === "page_time" ? draft.visibleTime : null,
        source: isBackend || draft.isDirect ? null : createSource({ campaign: `campaign-${index}` }),
        order:
          type === "order_completed" ? { orderId: `order-${index}`, revenue: index, currency: "EUR" } : null,
      });
    });
  });

/** Generates deliveries of the events. A delivery divides them into batches in any order, with some duplicates. */
export function arbitraryDelivery(events: readonly VisitEvent[]): fc.Arbitrary<VisitEvent[][]> {
  return fc
    .record({
      order: fc.shuffledSubarray([...events], { minLength: events.length, maxLength: events.length }),
      repeated: fc.subarray([...events]),
      sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: events.length * 2 }),
    })
    .map(({ order, repeated, sizes }) => {
      const all = [...order, ...repeated];
      return sizes.map((size) => all.splice(0, size)).filter((batch) => batch.length > 0);
    });
}
