import assert from "node:assert/strict";
import type { VisitEvent } from "../../visit/event.ts";
import { makeCount, makeEvent, makeFullEvent } from "../visit-events.ts";
import { assertStored, createCountBatch, createEventBatch, type SinkCases } from "./fixtures.ts";

const HOUR = 3_600_000;

/** Tests of the guarantees of `write`. */
export const guaranteeCases: SinkCases = {
  "write() stores events and counts with every member unchanged": async ({ sink, read }) => {
    const events = [
      makeEvent(),
      makeFullEvent(),
      makeFullEvent({ origin: "backend", visitorId: null, page: null }),
    ];
    const counts = [makeCount(), makeCount({ kind: "not-collected", tenant: "acme", documents: 4000 })];
    await sink.write({ events, counts });
    await assertStored(read, { events, counts });
  },

  "write() accepts an empty batch": async ({ sink, read }) => {
    await sink.write({ events: [], counts: [] });
    await assertStored(read, {});
  },

  "write() stores a batch of 1,000 events whole": async ({ sink, read }) => {
    const events = Array.from({ length: 1000 }, (_, index) =>
      makeEvent({ at: Date.UTC(2026, 0, 1) + index }),
    );
    await sink.write(createEventBatch(...events));
    await assertStored(read, { events });
  },

  "write() ignores an event whose id is stored already": async ({ sink, read }) => {
    const event = makeEvent({ properties: { try: 1 } });
    await sink.write(createEventBatch(event));
    await sink.write(createEventBatch(event));
    assert.equal((await read()).events.length, 1);
    const later = makeEvent();
    await sink.write(createEventBatch({ ...event, properties: { try: 2 } }, later));
    await assertStored(read, { events: [event, later] });
  },

  "write() stores an event once if it is repeated with another time": async ({ sink, other, read }) => {
    const [seen, ofBackend] = [makeEvent(), makeEvent({ visitorId: null, origin: "backend", page: null })];
    const later = (event: VisitEvent, delay: number) => {
      return { ...event, at: event.at + delay, receivedAt: event.receivedAt + delay };
    };
    await sink.write(createEventBatch(seen, ofBackend, later(seen, 3), later(ofBackend, 3)));
    for (const delay of [5, 10 * HOUR, -10 * HOUR, 47 * HOUR]) {
      await other.write(createEventBatch(later(seen, delay), later(ofBackend, delay)));
    }
    await assertStored(read, { events: [seen, ofBackend] });
  },

  "write() stores an event once if a batch contains it twice": async ({ sink, read }) => {
    const [twice, once] = [makeFullEvent(), makeEvent()];
    await sink.write(createEventBatch(twice, once, twice));
    await assertStored(read, { events: [twice, once] });
  },

  "write() ignores a count whose id is stored already": async ({ sink, read }) => {
    const [count, later] = [makeCount({ documents: 3 }), makeCount({ documents: 5 })];
    await sink.write(createCountBatch(count, count));
    await sink.write(createCountBatch(count, later));
    await assertStored(read, { counts: [count, later] });
  },

  "write() stores counts that differ only in their id separately": async ({ sink, read }) => {
    const counts = [makeCount(), makeCount(), makeCount()];
    await sink.write(createCountBatch(...counts));
    await assertStored(read, { counts });
  },

  "write() stores the missing events of a batch that is partly stored": async ({ sink, other, read }) => {
    const events = [makeEvent(), makeEvent(), makeEvent()];
    const counts = [makeCount(), makeCount()];
    await sink.write({ events: events.slice(1, 2), counts: counts.slice(1) });
    await other.write({ events, counts });
    await assertStored(read, { events, counts });
  },

  "an acknowledged batch is stored before close()": async ({ sink, read }) => {
    const [event, count] = [makeEvent(), makeCount()];
    await sink.write({ events: [event], counts: [count] });
    await assertStored(read, { events: [event], counts: [count] });
  },

  "an acknowledged batch is still stored after close()": async ({ sink, read }) => {
    const [event, count] = [makeEvent(), makeCount()];
    await sink.write({ events: [event], counts: [count] });
    await sink.close();
    await assertStored(read, { events: [event], counts: [count] });
  },

  "write() stores events in any order, up to 48 hours late": async ({ sink, read }) => {
    const now = Date.UTC(2026, 0, 10);
    const visitorId = makeEvent().visitorId;
    const hours = [0, 48, 3, 47, 24];
    const events = hours.map((late) => makeEvent({ visitorId, at: now - late * HOUR, receivedAt: now }));
    for (const event of events) await sink.write(createEventBatch(event));
    const counts = hours.map((late) => makeCount({ hour: now - late * HOUR }));
    await sink.write(createCountBatch(...counts));
    await assertStored(read, { events, counts });
  },

  "two nodes that write the same events at once store each event once": async ({ sink, other, read }) => {
    const events = Array.from({ length: 40 }, () => makeFullEvent());
    const counts = Array.from({ length: 40 }, () => makeCount());
    await Promise.all([
      ...events.map((event) => sink.write(createEventBatch(event))),
      other.write({ events: events.toReversed(), counts }),
      ...counts.map((count) => sink.write(createCountBatch(count))),
    ]);
    await assertStored(read, { events, counts });
  },
};
