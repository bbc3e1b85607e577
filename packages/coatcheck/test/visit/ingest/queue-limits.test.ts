import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeEvent } from "../../../src/testing/visit-events.ts";
import { makeEvents, openQueue, UNAVAILABLE_ERROR } from "./fixtures.ts";
import { createTemporaryFolder, readLines } from "./folders.ts";

describe("IngestQueue limits", () => {
  it("drops and counts the events that exceed the memory limit if there is no spill", async () => {
    const { queue, sink, time } = openQueue({ maxEvents: 10 });
    const drops: unknown[] = [];
    queue.on("dropping", (message) => drops.push(message));
    sink.state = "fails";
    for (const event of makeEvents(25, { tenant: "acme" })) queue.track(event);
    expect(queue.stats()).toMatchObject({ queued: 10, dropped: 15 });
    expect(drops).toHaveLength(1);
    await time.advance(1000);
    sink.state = "works";
    await time.advance(10_000);
    const stored = await sink.read();
    expect(stored.events).toHaveLength(10);
    expect(stored.counts).toEqual([
      expect.objectContaining({ kind: "dropped", tenant: "acme", documents: 15 }),
    ]);
  });

  it("writes the events that exceed the memory limit to the spill, even if no write has failed yet", async () => {
    const { queue, sink, time } = openQueue({ maxEvents: 1000, spill: { path: createTemporaryFolder() } });
    const events = makeEvents(3300);
    for (const event of events) queue.track(event);
    const stats = queue.stats();
    expect(stats.queued).toBeLessThanOrEqual(1000);
    expect(stats.queued + stats.spilled).toBe(3300);
    await time.advance(1000);
    expect((await sink.read()).events).toEqual(events);
  });

  it("delivers the events of a write in flight before later events, even if the later events are spilled", async () => {
    const { queue, sink, time } = openQueue({
      maxEvents: 100,
      batchSize: 50,
      spill: { path: createTemporaryFolder() },
    });
    const events = makeEvents(1000);
    sink.state = "hangs";
    for (const event of events.slice(0, 60)) queue.track(event);
    await time.advance(10);
    for (const event of events.slice(60)) queue.track(event);
    sink.state = "works";
    await sink.releaseWrites();
    await time.advance(1000);
    expect((await sink.read()).events).toEqual(events);
    expect(sink.attempts.flatMap((batch) => batch.events)).toEqual(events);
  });

  it("delivers the events of a write in flight only once, even if the spill has space for only some of them", async () => {
    const spill = { path: createTemporaryFolder(), maxBytes: 1500 };
    const { queue, sink, time } = openQueue({ batchSize: 5, spill });
    sink.state = "hangs";
    const events = makeEvents(8);
    for (const event of events) queue.track(event);
    await time.advance(300);
    expect(queue.stats().spilled).toBeGreaterThan(0);
    expect(queue.stats().spilled).toBeLessThan(5);
    sink.state = "works";
    await sink.releaseWrites();
    await time.advance(1000);
    expect(sink.attempts.flatMap((batch) => batch.events)).toEqual(events);
    expect((await sink.read()).events).toEqual(events);
  });

  it("drops events if they would make the spill exceed its size limit", async () => {
    const spill = { path: createTemporaryFolder(), maxBytes: 20_000 };
    const { queue, sink, time } = openQueue({ maxEvents: 10, spill });
    sink.state = "fails";
    const events = makeEvents(200);
    for (const event of events) {
      queue.track(event);
      await time.advance(10);
    }
    const { queued, spilled, dropped } = queue.stats();
    expect(queued).toBeLessThanOrEqual(10);
    expect(spilled).toBeGreaterThan(20);
    expect(readLines(spill.path).join("\n").length).toBeLessThanOrEqual(20_000);
    expect(queued + spilled + dropped).toBe(200);
    sink.state = "works";
    await time.advance(60_000);
    const stored = await sink.read();
    expect(stored.events).toEqual(events.slice(0, queued + spilled));
    expect(stored.counts.reduce((sum, { documents }) => sum + documents, 0)).toBe(dropped);
  });

  it("track() does not throw if the spill cannot be written or the event is not JSON", async () => {
    const path = join(createTemporaryFolder(), "spill");
    const { queue, sink, time } = openQueue({ maxEvents: 5, spill: { path } });
    sink.state = "fails";
    queue.track(makeEvent({ properties: { amount: 1n as never } }));
    for (const event of makeEvents(4)) queue.track(event);
    await time.advance(500);
    expect(queue.stats()).toMatchObject({ queued: 0, spilled: 5 });
    sink.state = "works";
    await time.advance(10_000);
    expect(queue.stats()).toMatchObject({ queued: 0, spilled: 0, delivered: 4, dropped: 1 });
  });
});

describe("IngestQueue.flush", () => {
  it("resolves when all events that were accepted before the call are in the sink", async () => {
    const { queue, sink, time } = openQueue({ batchSize: 2 });
    await queue.flush();
    for (const event of makeEvents(5)) queue.track(event);
    queue.count("bot", null);
    const flushed = queue.flush();
    await time.advance(0);
    await flushed;
    const stored = await sink.read();
    expect(stored.events).toHaveLength(5);
    expect(stored.counts).toHaveLength(1);
  });

  it("rejects if the sink cannot write, and keeps the events", async () => {
    const { queue, sink, time } = openQueue();
    sink.state = "fails";
    queue.track(makeEvent());
    await expect(queue.flush()).rejects.toEqual(UNAVAILABLE_ERROR);
    await expect(queue.flush()).rejects.toEqual(UNAVAILABLE_ERROR);
    sink.state = "works";
    await queue.flush();
    expect((await sink.read()).events).toHaveLength(1);
    await time.advance(100_000);
    expect(sink.attempts).toHaveLength(3);
  });
});

describe("IngestQueue.trackDurably", () => {
  it("resolves when the event is in the sink, without waiting for the batch interval", async () => {
    const { queue, sink, time } = openQueue();
    const tracked = queue.trackDurably(makeEvent());
    await time.advance(0);
    await tracked;
    expect((await sink.read()).events).toHaveLength(1);
  });

  it("resolves during an outage when the event is on disk", async () => {
    const path = createTemporaryFolder();
    const { queue, sink, time } = openQueue({ spill: { path } });
    sink.state = "fails";
    const events = makeEvents(2);
    const tracked = events.map((event) => queue.trackDurably(event));
    await time.advance(0);
    await Promise.all(tracked);
    expect(readLines(path).map((line) => JSON.parse(line).id)).toEqual(events.map(({ id }) => id));
    const later = makeEvent();
    const trackedLater = queue.trackDurably(later);
    await time.advance(0);
    await trackedLater;
    expect(readLines(path)).toHaveLength(3);
  });

  it("rejects with STORE_UNAVAILABLE if the event is dropped", async () => {
    const { queue, sink } = openQueue({ maxEvents: 1 });
    sink.state = "fails";
    queue.track(makeEvent());
    await expect(queue.trackDurably(makeEvent())).rejects.toEqual(UNAVAILABLE_ERROR);
  });
});

describe("IngestQueue.close", () => {
  it("writes the waiting events, closes the sink, and drops later events", async () => {
    const { queue, sink } = openQueue();
    const events = makeEvents(3);
    for (const event of events) queue.track(event);
    await Promise.all([queue.close(), queue.close()]);
    expect((await sink.read()).events).toEqual(events);
    await expect(sink.write({ events: [], counts: [] })).rejects.toEqual(UNAVAILABLE_ERROR);
    queue.track(makeEvent());
    queue.count("bot", null);
    expect(queue.stats()).toMatchObject({ queued: 0, delivered: 3, dropped: 1 });
  });

  it("keeps events on disk for the next process if the sink does not accept them", async () => {
    const path = createTemporaryFolder();
    const first = openQueue({ spill: { path } });
    first.sink.state = "fails";
    const events = makeEvents(3);
    for (const event of events) first.queue.track(event);
    first.queue.count("bot", null);
    await first.queue.close();
    expect(readLines(path)).toHaveLength(4);
    const second = openQueue({ spill: { path } });
    expect(second.queue.stats()).toMatchObject({ spilled: 4 });
    await second.time.advance(0);
    const stored = await second.sink.read();
    expect(stored.events).toEqual(events);
    expect(stored.counts).toEqual([expect.objectContaining({ kind: "bot", documents: 1 })]);
    expect(readLines(path)).toEqual([]);
  });

  it("stops waiting after `closeTimeout` if the sink hangs", async () => {
    const path = createTemporaryFolder();
    const { queue, sink, time } = openQueue({ spill: { path }, closeTimeout: 1000 });
    sink.state = "hangs";
    queue.track(makeEvent());
    const closed = queue.close();
    await time.advance(1000);
    await closed;
    expect(readLines(path)).toHaveLength(1);
  });

  it("retries until `closeTimeout` has passed if there is no spill, and then counts the remaining events as dropped", async () => {
    const { queue, sink, time } = openQueue({ closeTimeout: 1000 });
    sink.state = "fails";
    const tracked = queue.trackDurably(makeEvent());
    const rejected = expect(tracked).rejects.toEqual(UNAVAILABLE_ERROR);
    const closed = queue.close();
    await time.advance(1000);
    await Promise.all([closed, rejected]);
    expect(sink.attempts.length).toBeGreaterThan(1);
    expect(queue.stats()).toMatchObject({ queued: 0, dropped: 1 });
  });
});
