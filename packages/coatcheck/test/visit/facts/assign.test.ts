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
  it("begins a visit after a gap of exactly 30 minutes, and not a millisecond earlier", () => {
    const first = eventOf();
    const within = eventOf({ at: START + 30 * MINUTE - 1 });
    const after = eventOf({ at: START + 30 * MINUTE });
    expect(idsOf(first, within)).toEqual([[first.id, within.id]]);
    expect(idsOf(first, after)).toEqual([[first.id], [after.id]]);
  });

  it("begins a visit exactly 24 hours after the start of one that never paused", () => {
    const events = Array.from({ length: 97 }, (_, index) => eventOf({ at: START + index * 15 * MINUTE }));
    const visits = idsOf(...events);
    expect(visits.map((ids) => ids.length)).toEqual([96, 1]);
    expect(visits[1]).toEqual([events.at(-1)?.id]);
  });

  it("ends no visit at midnight, by a campaign or by a login", () => {
    const midnight = Date.UTC(2026, 9, 2);
    const ids = idsOf(
      eventOf({ at: midnight - MINUTE }),
      eventOf({ at: midnight, subject: "customer-1" }),
      eventOf({ at: midnight + MINUTE, sessionId: "session-2" }),
    );
    expect(ids).toHaveLength(1);
  });

  it("merges two visits by a late event between them", () => {
    const first = eventOf();
    const last = eventOf({ at: START + 50 * MINUTE });
    const late = eventOf({ at: START + 25 * MINUTE });
    expect(idsOf(first, last)).toHaveLength(2);
    expect(idsOf(first, last, late)).toEqual([[first.id, late.id, last.id]]);
  });

  it("ends a visit of 24 hours earlier when a late event moves its start back", () => {
    const events = Array.from({ length: 96 }, (_, index) => eventOf({ at: START + index * 15 * MINUTE }));
    const earlier = eventOf({ at: START - 15 * MINUTE });
    expect(idsOf(...events)).toHaveLength(1);
    expect(idsOf(...events, earlier).map((ids) => ids.length)).toEqual([96, 1]);
  });

  it("keeps a visit open while its page sends beacons", () => {
    const view = eventOf({ pageId: "page-1" });
    const beacon = eventOf({ type: "page_time", pageId: "page-1", at: START + 20 * MINUTE });
    const next = eventOf({ at: START + 45 * MINUTE });
    expect(idsOf(view, beacon, next)).toHaveLength(1);
    expect(idsOf(view, next)).toHaveLength(2);
  });

  it("adds a beacon after the end to its page's visit, and extends nothing", () => {
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

  it("adds a beacon of the last visit's page to that visit while another one is open", () => {
    const view = eventOf({ pageId: "page-1" });
    const other = eventOf({ at: START + 40 * MINUTE });
    const beacon = eventOf({ type: "page_time", pageId: "page-1", at: START + 50 * MINUTE });
    const last = eventOf({ at: START + 71 * MINUTE });
    expect(idsOf(view, other, beacon, last)).toEqual([[view.id, beacon.id], [other.id], [last.id]]);
  });

  it("ignores a beacon without a page, and one more than 48 hours after its page", () => {
    const view = eventOf({ pageId: "page-1" });
    const inTime = eventOf({ type: "page_time", pageId: "page-1", at: START + 48 * HOUR });
    const tooLate = eventOf({ type: "page_time", pageId: "page-1", at: START + 48 * HOUR + 1 });
    const unknown = eventOf({ type: "page_time", pageId: "page-2", at: START + MINUTE });
    expect(idsOf(view, inTime, tooLate, unknown)).toEqual([[view.id, inTime.id]]);
    expect(idsOf(unknown)).toEqual([]);
  });

  it("limits the visible time of a beacon to the time since its page began", () => {
    const view = eventOf({ pageId: "page-1" });
    const beacon = eventOf({
      type: "page_time",
      pageId: "page-1",
      at: START + 5000,
      visibleTime: 9000,
    });
    expect(assign(view, beacon).visits[0]?.parts[1]?.visibleTime).toBe(5000);
  });

  it("counts a page once per page id, from its earlier view", () => {
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

  it("counts each page view without a page id", () => {
    const parts = assign(eventOf({ pageId: null }), eventOf({ pageId: null })).visits[0]?.parts;
    expect(parts?.map(({ isPageView }) => isPageView)).toEqual([true, true]);
  });

  it("adds a backend's event to the last visit of its session, without extending it", () => {
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

  it("adds a backend's event of the same millisecond in which the visit began", () => {
    const webhook = eventOf({ origin: "backend", type: "order_completed" });
    const first = eventOf();
    expect(idsOf(webhook, first)).toEqual([[first.id, webhook.id]]);
  });

  it("adds a backend's event to no visit before the first of its session", () => {
    const webhook = eventOf({ origin: "backend", type: "order_completed", at: START - 1 });
    const { visits, withoutVisit } = assign(eventOf(), webhook);
    expect(visits[0]?.parts).toHaveLength(1);
    expect(withoutVisit.map(({ id }) => id)).toEqual([webhook.id]);
  });
});
