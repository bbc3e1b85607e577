import { describe, expect, it } from "vitest";
import type { VisitEvent } from "../../../src/visit/event.ts";
import { assignToVisits } from "../../../src/visit/facts/assign.ts";
import { eventRowOf } from "../../../src/visit/facts/event-row.ts";
import { eventOf, HOUR, MINUTE, START } from "./events.ts";

function assign(...events: VisitEvent[]) {
  return assignToVisits(
    events.map((event) => ({ ...eventRowOf(event), visitor: 1 })),
    null,
  );
}

/** Returns the ids of the events of each visit. */
function idsOf(...events: VisitEvent[]): string[][] {
  return assign(...events).visits.map(({ parts }) => parts.map(({ event }) => event.id));
}

describe("assignToVisits", () => {
  it("begins a new visit after a gap of 30 minutes, but not after a gap that is one millisecond shorter", () => {
    const first = eventOf();
    const within = eventOf({ at: START + 30 * MINUTE - 1 });
    const after = eventOf({ at: START + 30 * MINUTE });
    expect(idsOf(first, within)).toEqual([[first.id, within.id]]);
    expect(idsOf(first, after)).toEqual([[first.id], [after.id]]);
  });

  it("begins a new visit exactly 24 hours after the start of a visit without gaps", () => {
    const events = Array.from({ length: 97 }, (_, index) => eventOf({ at: START + index * 15 * MINUTE }));
    const visits = idsOf(...events);
    expect(visits.map((ids) => ids.length)).toEqual([96, 1]);
    expect(visits[1]).toEqual([events.at(-1)?.id]);
  });

  it("continues a visit across midnight, a campaign and a login", () => {
    const midnight = Date.UTC(2026, 9, 2);
    const ids = idsOf(
      eventOf({ at: midnight - MINUTE }),
      eventOf({ at: midnight, subject: "customer-1" }),
      eventOf({ at: midnight + MINUTE, sessionId: "session-2" }),
    );
    expect(ids).toHaveLength(1);
  });

  it("merges two visits when a late event between them arrives", () => {
    const first = eventOf();
    const last = eventOf({ at: START + 50 * MINUTE });
    const late = eventOf({ at: START + 25 * MINUTE });
    expect(idsOf(first, last)).toHaveLength(2);
    expect(idsOf(first, last, late)).toEqual([[first.id, late.id, last.id]]);
  });

  it("ends a 24-hour visit earlier when a late event moves its start back", () => {
    const events = Array.from({ length: 96 }, (_, index) => eventOf({ at: START + index * 15 * MINUTE }));
    const earlier = eventOf({ at: START - 15 * MINUTE });
    expect(idsOf(...events)).toHaveLength(1);
    expect(idsOf(...events, earlier).map((ids) => ids.length)).toEqual([96, 1]);
  });

  it("continues a visit while its page sends beacons", () => {
    const view = eventOf({ pageId: "page-1" });
    const beacon = eventOf({ type: "page_time", pageId: "page-1", at: START + 20 * MINUTE });
    const next = eventOf({ at: START + 45 * MINUTE });
    expect(idsOf(view, beacon, next)).toHaveLength(1);
    expect(idsOf(view, next)).toHaveLength(2);
  });

  it("adds a beacon to its page's visit after the visit's end, but does not extend the visit", () => {
    const view = eventOf({ pageId: "page-1" });
    const beacon = eventOf({ type: "page_time", pageId: "page-1", at: START + 40 * MINUTE });
    const next = eventOf({ at: START + 45 * MINUTE });
    const { visits } = assign(view, beacon, next);
    expect(visits.map(({ parts }) => parts.map(({ event }) => event.id))).toEqual([
      [view.id, beacon.id],
      [next.id],
    ]);
    expect(visits[0]?.lastActivityAt).toBe(START);
  });

  it("adds a late beacon to its page's visit even if another visit is open", () => {
    const view = eventOf({ pageId: "page-1" });
    const other = eventOf({ at: START + 40 * MINUTE });
    const beacon = eventOf({ type: "page_time", pageId: "page-1", at: START + 50 * MINUTE });
    const last = eventOf({ at: START + 71 * MINUTE });
    expect(idsOf(view, other, beacon, last)).toEqual([[view.id, beacon.id], [other.id], [last.id]]);
  });

  it("ignores a beacon for an unknown page, and a beacon more than 48 hours after its page", () => {
    const view = eventOf({ pageId: "page-1" });
    const inTime = eventOf({ type: "page_time", pageId: "page-1", at: START + 48 * HOUR });
    const tooLate = eventOf({ type: "page_time", pageId: "page-1", at: START + 48 * HOUR + 1 });
    const unknown = eventOf({ type: "page_time", pageId: "page-2", at: START + MINUTE });
    expect(idsOf(view, inTime, tooLate, unknown)).toEqual([[view.id, inTime.id]]);
    expect(idsOf(unknown)).toEqual([]);
  });

  it("limits a beacon's visible time to the time since its page was opened", () => {
    const view = eventOf({ pageId: "page-1" });
    const beacon = eventOf({
      type: "page_time",
      pageId: "page-1",
      at: START + 5000,
      visibleTime: 9000,
    });
    expect(assign(view, beacon).visits[0]?.parts[1]?.visibleTime).toBe(5000);
  });

  it("counts one page view per page id, at its earliest time", () => {
    const later = eventOf({ pageId: "page-1", at: START + MINUTE });
    const earlier = eventOf({ pageId: "page-1" });
    const parts = assign(later, earlier).visits[0]?.parts.map(({ event, isPageView }) => [
      event.id,
      isPageView,
    ]);
    expect(parts).toEqual([
      [earlier.id, true],
      [later.id, false],
    ]);
  });

  it("counts every page view that has no page id", () => {
    const parts = assign(eventOf({ pageId: null }), eventOf({ pageId: null })).visits[0]?.parts;
    expect(parts?.map(({ isPageView }) => isPageView)).toEqual([true, true]);
  });

  it("adds a backend event to the last visit of its session, but does not extend the visit", () => {
    const first = eventOf();
    const otherSession = eventOf({ at: START + 2 * HOUR, sessionId: "session-2" });
    const webhook = eventOf({ origin: "backend", type: "order_completed", at: START + 3 * HOUR });
    const { visits } = assign(first, otherSession, webhook);
    expect(visits.map(({ parts }) => parts.map(({ event }) => event.id))).toEqual([
      [first.id, webhook.id],
      [otherSession.id],
    ]);
    expect(visits[0]?.lastActivityAt).toBe(START);
  });

  it("adds a backend event to a visit that began in the same millisecond", () => {
    const webhook = eventOf({ origin: "backend", type: "order_completed" });
    const first = eventOf();
    expect(idsOf(webhook, first)).toEqual([[first.id, webhook.id]]);
  });

  it("adds a backend event to no visit if its session had no earlier visit", () => {
    const webhook = eventOf({ origin: "backend", type: "order_completed", at: START - 1 });
    const { visits, withoutVisit } = assign(eventOf(), webhook);
    expect(visits[0]?.parts).toHaveLength(1);
    expect(withoutVisit.map(({ id }) => id)).toEqual([webhook.id]);
  });
});
