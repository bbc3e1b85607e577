import assert from "node:assert/strict";
import type { VisitEvent } from "../../visit/event.ts";
import { makeEvent, makeFullEvent } from "../visit-events.ts";
import { assertStored, createEventBatch, type SinkCases } from "./fixtures.ts";

const page = { id: null, host: null, title: null };

/** Texts that databases and JSON readers reject. A sink may clean them. */
const UNUSUAL_TEXTS: Readonly<Record<string, Partial<VisitEvent>>> = {
  "NUL characters": { page: { ...page, path: "/\0" }, subject: "\0", properties: { "\0": "\0" } },
  "half of a surrogate pair": { page: { ...page, path: "/\ud800" }, properties: { "\udc00": "\ud800" } },
  "texts of 100 KB": { page: { ...page, path: `/${"x".repeat(100_000)}`, title: "y".repeat(100_000) } },
  "a subject of 100 KB": { subject: "z".repeat(100_000) },
  "a type of 100 KB": { type: "t".repeat(100_000) },
  "line breaks": { page: { ...page, path: "/\n\r\u2028\u2029" }, properties: { text: "a\nb" } },
  "names of Object.prototype": { properties: JSON.parse('{"__proto__": 1, "constructor": {"a": 1}}') },
  "an ancient time": { at: 0, receivedAt: 0 },
  "a time of the far future": { at: 253_402_300_799_999, receivedAt: 253_402_300_799_999 },
  "the largest revenue": { order: { orderId: "1", revenue: Number.MAX_SAFE_INTEGER, currency: "IRR" } },
  "an order id of 100 KB": { order: { orderId: "o".repeat(100_000), revenue: 1, currency: "EUR" } },
  "an order id with NUL": { order: { orderId: "\0", revenue: 1, currency: "EUR" } },
};

const unusualContent = Object.entries(UNUSUAL_TEXTS).map(([what, members]) => [
  `write() stores an event with ${what}, and the rest of its batch`,
  async ({ sink, read }) => {
    const events = [makeEvent(), makeFullEvent({ order: null, ...members }), makeEvent()];
    await sink.write(createEventBatch(...events));
    const ids = (await read()).events.map(({ id }) => id);
    assert.deepEqual(ids.sort(), events.map(({ id }) => id).sort());
  },
]) satisfies [string, SinkCases[string]][];

/** Tests of unusual content, and of `close`. */
export const robustnessCases: SinkCases = {
  ...Object.fromEntries(unusualContent),

  "write() stores emoji, quotes and backslashes unchanged": async ({ sink, read }) => {
    const text = `🌮 "é" '\\' \\n %s $1 {}`;
    const events = [
      makeFullEvent({
        subject: text,
        page: { ...page, path: `/${text}`, title: text },
        properties: { [text]: text },
      }),
    ];
    await sink.write(createEventBatch(...events));
    await assertStored(read, { events });
  },

  "close() finishes the accepted writes": async ({ sink, read }) => {
    const events = [makeEvent(), makeEvent()];
    const writes = events.map((event) => sink.write(createEventBatch(event)));
    await sink.close();
    await Promise.all(writes);
    await assertStored(read, { events });
  },

  "close() may be called more than once": async ({ sink, read }) => {
    const event = makeEvent();
    await sink.write(createEventBatch(event));
    await Promise.all([sink.close(), sink.close()]);
    await sink.close();
    await assertStored(read, { events: [event] });
  },

  "write() after close() throws STORE_UNAVAILABLE": async ({ sink, read }) => {
    await sink.close();
    await assert.rejects(
      async () => sink.write(createEventBatch(makeEvent())),
      (error) => (error as { code?: unknown }).code === "STORE_UNAVAILABLE",
    );
    await assertStored(read, {});
  },
};
