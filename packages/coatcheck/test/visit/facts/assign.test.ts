import { describe, expect, it } from "vitest";
import type { VisitEvent } from "../../../src/visit/event.ts";
import { assignToVisits } from "../../../src/visit/facts/assign.ts";
import { eventRowOf } from "../../../src/visit/facts/event-row.ts";
import { createEvent, HOUR, MINUTE, START } from "./events.ts";

function assign(...events: VisitEvent[]) {
  return assignToVisits(
    events.map((event) => ({ ...eventRowOf(event), visitor: 1 })),
    null,
  );
}

/** Assigns events to visits. Returns one list for each visit, which contains the ids of its events. */
function assignIds(...events: VisitEvent[]): string[][] {
  return assign(...events).visits.map(({ parts }) => parts.map(({ event }) => event.id));
}

describe("assignToVisits", () => {
  it("begins a new visit after a gap of 30 minutes, but not after a gap that is one millisecond shorter", () => {
    const first = createEvent();
    const within = createEvent({ at: START + 30 * MINUTE - 1 });
    const after = createEvent({ at: START + 30 * MINUTE });
    expect(assignIds(first, within)).toEqual([[first.id, within.id]]);
    expect(assignIds(first, after)).toEqual([[first.id], [after.id]]);
  });

  it("begins a new visit exactly 24 hours after the start of a visit without gaps", () => {
    const events = Array.from({ length: 97 }, (_, index) => createEvent({ at: START + index * 15 * MINUTE }));
    const visits = assignIds(...events);
    expect(visits.map((ids) => ids.length)).toEqual([96, 1]);
    expect(visits[1]).toEqual([events.at(-1)?.id]);
  });

  it("continues a visit across midnight, a campaign and a login", () => {
    const midnight = Date.UTC(2026, 9, 2);
    const ids = assignIds(
      createEvent({ at: midnight - MINUTE }),
      createEvent({ at: midnight, subject: "customer-1" }),
      createEvent({ at: midnight + MINUTE, sessionId: "session-2" }),
    );
    expect(ids).toHaveLength(1);
  });

  it("merges two visits when a late event between them arrives", () => {
    const first = createEvent();
    const last = createEvent({ at: START + 50 * MINUTE });
    const late = createEvent({ at: START + 25 * MINUTE });
    expect(assignIds(first, last)).toHaveLength(2);
    expect(assignIds(first, last, late)).toEqual([[first.id, late.id, last.id]]);
  });

  it("still ends a visit 24 hours after its start when a late event makes the start earlier", () => {
    const events = Array.from({ length: 96 }, (_, index) => createEvent({ at: START + index * 15 * MINUTE }));
    const earlier = createEvent({ at: START - 15 * MINUTE });
    expect(assignIds(...events)).toHaveLength(1);
    expect(assignIds(...events, earlier).map((ids) => ids.length)).toEqual([96, 1]);
  });

  it("continues a visit as long as its page sends beacons", () => {
    const view = createEvent({ pageId: "page-1" });
    const beacon = createEvent({ type: "page_time", pageId: "page-1", at: START + 20 * MINUTE });
    const next = createEvent({ at: START + 45 * MINUTE });
    expect(assignIds(view, beacon, next)).toHaveLength(1);
    expect(assignIds(view, next)).toHaveLength(2);
  });

  it("adds a beacon to the visit of its page even after the visit's end, but does not extend the visit", () => {
    const view = createEvent({ pageId: "page-1" });
    const beacon = createEvent({ type: "page_time", pageId: "page-1", at: START + 40 * MINUTE });
    const next = createEvent({ at: START + 45 * MINUTE });
    const { visits } = assign(view, beacon, next);
    expect(visits.map(({ parts }) => parts.map(({ event }) => event.id))).toEqual([
      [view.id, beacon.id],
      [next.id],
    ]);
    expect(visits[0]?.lastActivityAt).toBe(START);
  });

  it("adds a late beacon to the visit of its page, even if another visit is open", () => {
    const view = createEvent({ pageId: "page-1" });
    const other = createEvent({ at: START + 40 * MINUTE });
    const beacon = createEvent({ type: "page_time", pageId: "page-1", at: START + 50 * MINUTE });
    const last = createEvent({ at: START + 71 * MINUTE });
    expect(assignIds(view, other, beacon, last)).toEqual([[view.id, beacon.id], [other.id], [last.id]]);
  });

  it("ignores a beacon for an unknown page, and a beacon more than 48 hours after its page", () => {
    const view = createEvent({ pageId: "page-1" });
    const inTime = createEvent({ type: "page_time", pageId: "page-1", at: START + 48 * HOUR });
    const tooLate = createEvent({ type: "page_time", pageId: "page-1", at: START + 48 * HOUR + 1 });
    const unknown = createEvent({ type: "page_time", pageId: "page-2", at: START + MINUTE });
    expect(assignIds(view, inTime, tooLate, unknown)).toEqual([[view.id, inTime.id]]);
    expect(assignIds(unknown)).toEqual([]);
  });

  it("limits a beacon's visible time to the time since its page was opened", () => {
    const view = createEvent({ pageId: "page-1" });
    const beacon = createEvent({
      type: "page_time",
      pageId: "page-1",
      at: START + 5000,
      visibleTime: 9000,
    });
    expect(assign(view, beacon).visits[0]?.parts[1]?.visibleTime).toBe(5000);
  });

  it("counts one page view per page id, at the earliest time reported for that page id", () => {
    const later = createEvent({ pageId: "page-1", at: START + MINUTE });
    const earlier = createEvent({ pageId: "page-1" });
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
    const parts = assign(createEvent({ pageId: null }), createEvent({ pageId: null })).visits[0]?.parts;
    expect(parts?.map(({ isPageView }) => isPageView)).toEqual([true, true]);
  });

  it("adds a backend event to the last visit of its session, but does not extend the visit", () => {
    const first = createEvent();
    const otherSession = createEvent({ at: START + 2 * HOUR, sessionId: "session-2" });
    const webhook = createEvent({ origin: "backend", type: "order_completed", at: START + 3 * HOUR });
    const { visits } = assign(first, otherSession, webhook);
    expect(visits.map(({ parts }) => parts.map(({ event }) => event.id))).toEqual([
      [first.id, webhook.id],
      [otherSession.id],
    ]);
    expect(visits[0]?.lastActivityAt).toBe(START);
  });

  it("adds a backend event to a visit that began in the same millisecond", () => {
    const webhook = createEvent({ origin: "backend", type: "order_completed" });
    const first = createEvent();
    expect(assignIds(webhook, first)).toEqual([[first.id, webhook.id]]);
  });

  it("adds a backend event to no visit if its session has no visit before the event", () => {
    const webhook = createEvent({ origin: "backend", type: "order_completed", at: START - 1 });
    const { visits, withoutVisit } = assign(createEvent(), webhook);
    expect(visits[0]?.parts).toHaveLength(1);
    expect(withoutVisit.map(({ id }) => id)).toEqual([webhook.id]);
  });
});
