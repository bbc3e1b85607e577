import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeEvent } from "../../../src/testing/visit-events.ts";
import type { EventQueueOptions } from "../../../src/visit/ingest/options.ts";
import { createEventQueue } from "../../../src/visit/ingest/queue.ts";
import { memorySink } from "../../../src/visit/sink/memory.ts";
import { makeEvents, openQueue, UNAVAILABLE_ERROR } from "./fixtures.ts";
import { createTemporaryFolder } from "./folders.ts";

const HOUR = 3_600_000;

describe("IngestQueue batches", () => {
  it("writes the events of one batch interval together", async () => {
    const { queue, sink, time } = openQueue();
    const events = makeEvents(3);
    for (const event of events) queue.track(event);
    await time.advance(199);
    expect(sink.attempts).toEqual([]);
    await time.advance(1);
    expect(sink.attempts).toEqual([{ events, counts: [] }]);
    await time.advance(10_000);
    expect(sink.attempts).toHaveLength(1);
  });

  it("writes a full batch immediately, but never inside track()", async () => {
    const { queue, sink, time } = openQueue({ batchSize: 2 });
    for (const event of makeEvents(5)) queue.track(event);
    expect(sink.attempts).toEqual([]);
    await time.advance(0);
    expect(sink.attempts.map(({ events }) => events.length)).toEqual([2, 2]);
    await time.advance(200);
    expect(sink.attempts.map(({ events }) => events.length)).toEqual([2, 2, 1]);
  });

  it("runs one write at a time", async () => {
    const { queue, sink, time } = openQueue({ batchSize: 1 });
    sink.state = "hangs";
    for (const event of makeEvents(5)) queue.track(event);
    const flushed = queue.flush();
    await time.advance(5000);
    sink.state = "works";
    await sink.releaseWrites();
    await time.advance(0);
    await flushed;
    expect(sink.maxInFlight).toBe(1);
    expect((await sink.read()).events).toHaveLength(5);
  });

  it("flush() waits for a write in flight", async () => {
    const { queue, sink, time } = openQueue();
    sink.state = "hangs";
    queue.track(makeEvent());
    await time.advance(200);
    queue.track(makeEvent());
    const flushed = queue.flush();
    await time.advance(0);
    expect(sink.attempts).toHaveLength(1);
    sink.state = "works";
    await sink.releaseWrites();
    await time.advance(0);
    await flushed;
    expect(sink.maxInFlight).toBe(1);
    expect((await sink.read()).events).toHaveLength(2);
  });

  it("creates one count for each combination of kind, hour and tenant; each count has its own id", async () => {
    const { queue, sink, time } = openQueue();
    for (let index = 0; index < 5; index++) queue.count("bot", null);
    queue.count("bot", "acme");
    queue.count("tool", null);
    await time.advance(200);
    const { counts } = await sink.read();
    const hour = Date.UTC(2026, 0, 1);
    expect(counts).toEqual([
      { id: expect.stringMatching(/-7...-/), kind: "bot", hour, tenant: null, documents: 5 },
      { id: expect.any(String), kind: "bot", hour, tenant: "acme", documents: 1 },
      { id: expect.any(String), kind: "tool", hour, tenant: null, documents: 1 },
    ]);
    await time.advance(HOUR);
    queue.count("bot", null);
    await time.advance(200);
    const later = (await sink.read()).counts;
    expect(later).toHaveLength(4);
    expect(later[3]).toMatchObject({ kind: "bot", hour: hour + HOUR, documents: 1 });
    expect(new Set(later.map(({ id }) => id)).size).toBe(4);
  });

  it("retries a failed batch with the same counts, so that no count is added twice", async () => {
    const { queue, sink, time } = openQueue();
    sink.state = "fails";
    queue.count("bot", null);
    await time.advance(200);
    queue.count("bot", null);
    sink.state = "works";
    await time.advance(1000);
    const { counts } = await sink.read();
    expect(counts.map(({ documents }) => documents)).toEqual([1, 1]);
    expect(sink.attempts[1]?.counts[0]).toEqual(sink.attempts[0]?.counts[0]);
  });
});

describe("IngestQueue during an outage", () => {
  it("retries after 200 ms, then doubles the delay up to 10 s", async () => {
    const { queue, sink, time } = openQueue();
    sink.state = "fails";
    const attempts: number[] = [];
    const { write } = sink;
    sink.write = (batch) => {
      attempts.push(time.clock.now());
      return write.call(sink, batch);
    };
    queue.track(makeEvent());
    await time.advance(200_000);
    const delays = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0));
    expect(delays.slice(0, 10)).toEqual([200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000, 10_000]);
  });

  it("waits only 200 ms before the first retry of a later outage", async () => {
    const { queue, sink, time } = openQueue();
    sink.state = "fails";
    queue.track(makeEvent());
    await time.advance(60_000);
    sink.state = "works";
    await time.advance(60_000);
    sink.state = "fails";
    const before = sink.attempts.length;
    queue.track(makeEvent());
    await time.advance(399);
    expect(sink.attempts).toHaveLength(before + 1);
    await time.advance(1);
    expect(sink.attempts).toHaveLength(before + 2);
  });

  it("reduces each delay by a random part of up to one half", async () => {
    const { queue, sink, time } = openQueue({ random: (bytes) => void bytes.fill(0) });
    sink.state = "fails";
    queue.track(makeEvent());
    await time.advance(200 + 99);
    expect(sink.attempts).toHaveLength(1);
    await time.advance(1);
    expect(sink.attempts).toHaveLength(2);
  });

  it("delivers every event once and in order after the outage", async () => {
    for (const spill of [undefined, { path: createTemporaryFolder() }]) {
      const { queue, sink, time } = openQueue({ batchSize: 10, ...(spill && { spill }) });
      const events = makeEvents(95);
      sink.state = "fails";
      for (const event of events) {
        queue.track(event);
        await time.advance(50);
      }
      sink.state = "works";
      await time.advance(30_000);
      expect((await sink.read()).events).toEqual(events);
      expect(queue.stats()).toMatchObject({ queued: 0, spilled: 0, delivered: 95, dropped: 0 });
    }
  });

  it("emits `outage-began` and `outage-ended` once per outage, not once per batch", async () => {
    const { queue, sink, time } = openQueue({ batchSize: 1 });
    const reports: unknown[] = [];
    queue.on("outage-began", (message) => reports.push(message));
    queue.on("outage-ended", (message) => reports.push(message));
    sink.state = "fails";
    for (const event of makeEvents(5)) queue.track(event);
    await time.advance(5000);
    expect(reports).toEqual([{ error: UNAVAILABLE_ERROR, at: Date.UTC(2026, 0, 1) }]);
    expect(queue.stats()).toMatchObject({ isSinkDown: true, lastError: UNAVAILABLE_ERROR });
    sink.state = "works";
    await time.advance(10_000);
    expect(reports.slice(1)).toEqual([{ duration: 6200, waiting: 4 }]);
    expect(queue.stats().isSinkDown).toBe(false);
  });

  it("continues to write events if a listener throws", async () => {
    const { queue, sink, time } = openQueue();
    queue.on("outage-began", () => {
      throw new Error("A listener's mistake.");
    });
    sink.state = "fails";
    queue.track(makeEvent());
    await time.advance(300);
    sink.state = "works";
    await time.advance(1000);
    expect((await sink.read()).events).toHaveLength(1);
  });

  it("treats a write without a response as failed after `writeTimeout`", async () => {
    const { queue, sink, time } = openQueue({ writeTimeout: 1000 });
    sink.state = "hangs";
    queue.track(makeEvent());
    await time.advance(1199);
    expect(queue.stats().isSinkDown).toBe(false);
    await time.advance(1);
    expect(queue.stats().isSinkDown).toBe(true);
    sink.state = "works";
    await time.advance(1000);
    expect(queue.stats()).toMatchObject({ delivered: 1, isSinkDown: false });
  });
});

describe("createEventQueue", () => {
  it("returns a queue that reports the age of its oldest event", async () => {
    for (const spill of [undefined, { path: createTemporaryFolder() }]) {
      const { queue, sink, time } = openQueue(spill && { spill });
      expect(queue.stats().oldestAge).toBeNull();
      sink.state = "fails";
      const at = time.clock.now();
      queue.track(makeEvent({ at, receivedAt: at }));
      await time.advance(5000);
      expect(queue.stats().oldestAge).toBe(5000);
    }
  });

  it("rejects unknown options, a missing sink and numbers that are not positive integers", () => {
    const sink = memorySink();
    const create = (options: object) => () => createEventQueue({ sink, ...options } as EventQueueOptions);
    expect(create({ batchsize: 1 })).toThrow('did you mean "batchSize"');
    expect(create({ spill: { path: "/x", maxbytes: 1 } })).toThrow('did you mean "spill.maxBytes"');
    expect(create({ sink: undefined })).toThrow("sink must be an event sink");
    expect(create({ spill: {} })).toThrow("spill.path must be the path of a folder");
    for (const name of ["maxEvents", "batchSize", "batchInterval", "writeTimeout", "closeTimeout"]) {
      expect(create({ [name]: 0 })).toThrow(`${name} must be a positive integer (got 0)`);
    }
  });

  it("throws STORE_UNAVAILABLE if the spill's folder cannot be used", () => {
    const file = join(createTemporaryFolder(), "file");
    writeFileSync(file, "");
    expect(() => createEventQueue({ sink: memorySink(), spill: { path: file } })).toThrow(UNAVAILABLE_ERROR);
  });
});
