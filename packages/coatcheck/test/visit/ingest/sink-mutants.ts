import type { DocumentCount, VisitEvent } from "../../../src/visit/event.ts";
import type { EventBatch } from "../../../src/visit/sink.ts";
import {
  CLOSED_ERROR,
  createBatchMutant,
  createMutant,
  createRowSink,
  removeDuplicateIds,
  replaceFindOrder,
  type SinkMutant,
} from "./sink-mutant.ts";

export const SINK_MUTANTS: readonly SinkMutant[] = [
  createMutant({
    fault: "stores an event again although its id is stored",
    foundBy: "write() ignores an event whose id is stored already",
    wrap: createRowSink((rows, { events, counts }) => {
      rows.events.push(...removeDuplicateIds(events));
      rows.counts.push(...counts.filter(({ id }) => !rows.counts.some((count) => count.id === id)));
    }),
  }),
  createMutant({
    fault: "replaces an event that has the same id",
    foundBy: "write() ignores an event whose id is stored already",
    wrap: createRowSink((rows, { events, counts }) => {
      rows.events = removeDuplicateIds([...rows.events, ...events]);
      rows.counts = removeDuplicateIds([...rows.counts, ...counts]);
    }),
  }),
  createMutant({
    fault: "looks for duplicates in earlier batches only",
    foundBy: "write() stores an event once if a batch contains it twice",
    wrap: createRowSink((rows, { events, counts }) => {
      const ids = new Set(rows.events.map(({ id }) => id));
      rows.events.push(...events.filter(({ id }) => !ids.has(id)));
      rows.counts = removeDuplicateIds([...rows.counts, ...counts]);
    }),
  }),
  createMutant({
    fault: "adds the same count twice",
    foundBy: "write() ignores a count whose id is stored already",
    wrap: createRowSink((rows, { events, counts }) => {
      rows.events.push(
        ...removeDuplicateIds(events).filter(({ id }) => !rows.events.some((event) => event.id === id)),
      );
      rows.counts.push(...counts);
    }),
  }),
  createMutant({
    fault: "merges counts of the same kind and hour",
    foundBy: "write() stores counts that differ only in their id separately",
    wrap: createRowSink((rows, { events, counts }) => {
      rows.events.push(...events);
      for (const count of counts) {
        if (!rows.counts.some(({ kind, hour }) => kind === count.kind && hour === count.hour))
          rows.counts.push(count);
      }
    }),
  }),
  createMutant({
    fault: "skips a batch that begins with a known event",
    foundBy: "write() ignores an event whose id is stored already",
    wrap(inner) {
      const ids = new Set<string>();
      return {
        async write(batch) {
          const isKnown = ids.has(batch.events[0]?.id ?? "");
          for (const { id } of batch.events) ids.add(id);
          if (!isKnown) await inner.write(batch);
        },
      };
    },
  }),
  createMutant({
    fault: "skips a batch in which any event is known",
    foundBy: "write() stores the missing events of a batch that is partly stored",
    wrap(inner) {
      const ids = new Set<string>();
      return {
        async write(batch) {
          const isKnown = batch.events.some(({ id }) => ids.has(id));
          for (const { id } of batch.events) ids.add(id);
          if (!isKnown) await inner.write(batch);
        },
      };
    },
  }),
  createMutant({
    fault: "acknowledges before it stores",
    foundBy: "an acknowledged batch is stored before close()",
    wrap(inner) {
      const waiting: EventBatch[] = [];
      return {
        async write(batch) {
          waiting.push(batch);
        },
        async close() {
          for (const batch of waiting.splice(0)) await inner.write(batch);
          await inner.close();
        },
      };
    },
  }),
  createMutant({
    fault: "deletes everything at close",
    foundBy: "an acknowledged batch is still stored after close()",
    wrap(inner) {
      let isOpen = true;
      return {
        read: async () => (isOpen ? await inner.read() : { events: [], counts: [] }),
        async close() {
          isOpen = false;
          await inner.close();
        },
      };
    },
  }),
  createBatchMutant(({ events, counts }) => ({ counts, events: events.slice(0, 500) }), {
    fault: "stores only the first events of a batch",
    foundBy: "write() stores a batch of 1,000 events whole",
  }),
  createBatchMutant(
    ({ events, counts }) => ({
      counts,
      events: events.filter(({ at, receivedAt }) => receivedAt - at < 24 * 3_600_000),
    }),
    { fault: "drops late events", foundBy: "write() stores events in any order, up to 48 hours late" },
  ),
  createMutant({
    fault: "drops events that are older than the newest",
    foundBy: "write() stores events in any order, up to 48 hours late",
    wrap(inner) {
      let newest = 0;
      return {
        async write({ events, counts }) {
          const kept = events.filter(({ at, visitorId }) => visitorId === null || at >= newest);
          newest = Math.max(newest, ...events.map(({ at }) => at));
          await inner.write({ events: kept, counts });
        },
      };
    },
  }),
  createBatchMutant(
    ({ events, counts }) => ({ counts, events: events.map((event) => ({ ...event, properties: {} })) }),
    {
      fault: "loses the properties",
      foundBy: "write() stores events and counts with every member unchanged",
    },
  ),
  createBatchMutant(
    ({ events, counts }) => ({ events, counts: counts.map((count) => ({ ...count, tenant: null })) }),
    {
      fault: "loses the tenant of a count",
      foundBy: "write() stores events and counts with every member unchanged",
    },
  ),
  createBatchMutant(
    ({ events, counts }) => ({ events: JSON.parse(JSON.stringify(events).replace(/🌮|é/g, "?")), counts }),
    {
      fault: "stores one byte for each character",
      foundBy: "write() stores emoji, quotes and backslashes unchanged",
    },
  ),
  createMutant({
    fault: "throws for an empty batch",
    foundBy: "write() accepts an empty batch",
    wrap: (inner) => ({
      async write(batch) {
        if (batch.events.length + batch.counts.length === 0) throw new RangeError("An empty batch.");
        await inner.write(batch);
      },
    }),
  }),
  createMutant({
    fault: "throws because of an event's content",
    foundBy: "write() stores an event with NUL characters, and the rest of its batch",
    wrap: (inner) => ({
      async write(batch) {
        if (JSON.stringify(batch.events).includes("\\u0000")) throw new RangeError("NUL cannot be stored.");
        await inner.write(batch);
      },
    }),
  }),
  createBatchMutant(
    ({ events, counts }) => ({
      counts,
      events: events.filter(({ subject }) => (subject?.length ?? 0) < 1000),
    }),
    {
      fault: "drops an event whose content it cannot store",
      foundBy: "write() stores an event with a subject of 100 KB, and the rest of its batch",
    },
  ),
  createMutant({
    fault: "two nodes read before either writes",
    foundBy: "two nodes that write the same events at once store each event once",
    wrap: () => {
      const rows: { events: VisitEvent[]; counts: DocumentCount[] } = { events: [], counts: [] };
      return {
        async write(batch) {
          const [events, counts] = [
            new Set(rows.events.map(({ id }) => id)),
            new Set(rows.counts.map(({ id }) => id)),
          ];
          await null;
          rows.events.push(...removeDuplicateIds(batch.events).filter(({ id }) => !events.has(id)));
          rows.counts.push(...removeDuplicateIds(batch.counts).filter(({ id }) => !counts.has(id)));
        },
        read: async () => structuredClone(rows),
      };
    },
  }),
  createMutant({
    fault: "findOrder() returns the latest order",
    foundBy: "findOrder() returns the order as it was first stored",
    wrap: replaceFindOrder((events) => events.at(-1)),
  }),
  createMutant({
    fault: "findOrder() returns the earliest by time, not by arrival",
    foundBy: "findOrder() returns the order as it was first stored",
    wrap: replaceFindOrder((events) => events.toSorted((left, right) => left.at - right.at)[0]),
  }),
  createMutant({
    fault: "findOrder() returns the last order of a batch",
    foundBy: "findOrder() returns the first of two orders with the same id in one batch",
    wrap: replaceFindOrder((events) => events.at(-1)),
  }),
  createMutant({
    fault: "findOrder() mixes tenants",
    foundBy: "findOrder() keeps the orders of tenants apart",
    wrap: replaceFindOrder((events) => events[0], true),
  }),
  createMutant({
    fault: "findOrder() throws for an unknown order",
    foundBy: "findOrder() returns null for an unknown order",
    wrap: () => ({ findOrder: () => Promise.reject(new RangeError("There is no such order.")) }),
  }),
  createMutant({
    fault: "findOrder() needs a session",
    foundBy: "findOrder() finds an order that a backend recorded without visitor and session",
    wrap: replaceFindOrder((events) => events.find(({ sessionId }) => sessionId !== null)),
  }),
  createMutant({
    fault: "close() abandons writes",
    foundBy: "close() finishes the accepted writes",
    wrap(inner) {
      let isOpen = true;
      return {
        async write(batch) {
          await null;
          if (!isOpen) throw CLOSED_ERROR;
          await inner.write(batch);
        },
        async close() {
          isOpen = false;
          await inner.close();
        },
      };
    },
  }),
  createMutant({
    fault: "close() throws the second time",
    foundBy: "close() may be called more than once",
    wrap(inner) {
      let calls = 0;
      return {
        async close() {
          if (++calls === 2) throw CLOSED_ERROR;
          await inner.close();
        },
      };
    },
  }),
  createMutant({
    fault: "accepts writes after close",
    foundBy: "write() after close() throws STORE_UNAVAILABLE",
    wrap: () => ({ close: async () => {} }),
  }),
  createMutant({
    fault: "throws its driver's error after close",
    foundBy: "write() after close() throws STORE_UNAVAILABLE",
    wrap: (inner) => ({
      write: (batch) =>
        inner.write(batch).catch(() => {
          throw new Error("The database is not open.");
        }),
    }),
  }),
];
