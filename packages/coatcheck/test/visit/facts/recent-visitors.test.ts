import { expect, it } from "vitest";
import { createAssigner } from "../../../src/visit/facts/assign.ts";
import { eventRowOf } from "../../../src/visit/facts/event-row.ts";
import { factsOf } from "../../../src/visit/facts/facts.ts";
import { LocalTime } from "../../../src/visit/facts/local-time.ts";
import { RecentVisitors } from "../../../src/visit/facts/recent-visitors.ts";
import { createEvent, START } from "./events.ts";

const time = new LocalTime("UTC");
const LONG_TEXT = { text: "x".repeat(4000) };

/** Caches a visitor with one page view, as the sink does after it has rebuilt the visitor's visits. */
function cacheVisitor(recent: RecentVisitors, number: number): void {
  const assigner = createAssigner([{ ...eventRowOf(createEvent()), visitor: number }], null);
  const visits = assigner.visits.map((visit) => ({
    ...factsOf(visit, { tenant: "", visitor: number, previous: null, time }),
    isChanged: true,
  }));
  const rest = {
    deletedVisitIds: [],
    backendEvents: [],
    orders: [],
    dirtyDays: new Set<number>(),
    restartFromVisit: null,
  };
  const visitor = {
    visitorNumber: number,
    tenant: "",
    previous: null,
    lastActivityAt: START,
    lastWrite: null,
  };
  recent.cacheVisitor(visitor, { ...rest, assigner, visits });
}

function createSearches(number: number, count: number) {
  return Array.from({ length: count }, (_, index) => ({
    ...eventRowOf(createEvent({ type: "search", at: START + 1 + index, properties: LONG_TEXT })),
    visitor: number,
  }));
}

it("RecentVisitors evicts visitors when their events exceed the size limit", () => {
  const recent = new RecentVisitors(time);
  for (let number = 1; number <= 200; number++) {
    cacheVisitor(recent, number);
    const visitor = recent.get(number);
    if (visitor) recent.extendVisits(visitor, createSearches(number, 100));
  }
  expect(recent.size).toBeLessThanOrEqual(64 * 1024 * 1024);
  expect(recent.get(1)).toBeNull();
  expect(recent.get(200)).not.toBeNull();
});

it("RecentVisitors keeps every visitor of an ordinary day", () => {
  const recent = new RecentVisitors(time);
  for (let number = 1; number <= 5000; number++) cacheVisitor(recent, number);
  expect(recent.get(1)).not.toBeNull();
});
