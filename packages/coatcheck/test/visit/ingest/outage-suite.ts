import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { CoatcheckError } from "../../../src/session/errors.ts";
import { makeEvent } from "../../../src/testing/visit-events.ts";
import type { EventSink } from "../../../src/visit/sink.ts";
import { openQueue } from "./fixtures.ts";
import { createTemporaryFolder, listNdjsonFiles } from "./folders.ts";

/** Seconds in which events are tracked. */
const DURATION = 100;
/** The second at which the sink fails, and the second at which it works again. */
const OUTAGE = { from: 20, to: 80 };
const MB = 1024 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

function heapInMegabytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / MB;
}

/** Creates a sink that only stores how often it received each event. */
function countingSink(events: number): EventSink & { isDown: boolean; readonly deliveries: Uint8Array } {
  const deliveries = new Uint8Array(events);
  return {
    deliveries,
    isDown: false,
    async write({ events }) {
      if (this.isDown) throw new CoatcheckError("STORE_UNAVAILABLE", "The sink is down.");
      for (const { id } of events) deliveries[Number(id)] = (deliveries[Number(id)] ?? 0) + 1;
    },
    async close() {},
  };
}

/** Tests an outage of one minute. @param rate - tracked events per second. */
export function testOutage(rate: number): void {
  const all = rate * DURATION;
  it(`an IngestQueue delivers all ${all.toLocaleString("en")} events exactly once despite an outage, with bounded memory`, async () => {
    const sink = countingSink(all);
    const path = createTemporaryFolder();
    const { queue, time } = openQueue({ sink, spill: { path, maxBytes: 1024 * MB } });
    const event = makeEvent();
    const heapBefore = heapInMegabytes();
    let [mostHeap, mostQueued, mostSpilled] = [heapBefore, 0, 0];
    for (let tracked = 0; tracked < all; ) {
      const second = tracked / rate;
      sink.isDown = second >= OUTAGE.from && second < OUTAGE.to;
      for (const end = tracked + rate / 20; tracked < end; tracked++) {
        queue.track({ ...event, id: String(tracked) });
      }
      mostQueued = Math.max(mostQueued, queue.stats().queued);
      mostSpilled = Math.max(mostSpilled, queue.stats().spilled);
      await time.advance(50);
      if (tracked % (rate * 10) === 0) mostHeap = Math.max(mostHeap, heapInMegabytes());
    }
    const flushed = queue.flush();
    await time.advance(60_000);
    await flushed;
    expect(sink.deliveries.every((count) => count === 1)).toBe(true);
    expect(queue.stats()).toMatchObject({ queued: 0, spilled: 0, delivered: all, dropped: 0 });
    expect(mostSpilled).toBeGreaterThan(rate * 55);
    expect(mostQueued).toBeLessThanOrEqual(10_000);
    expect(listNdjsonFiles(path)).toEqual([]);
    const growth = mostHeap - heapBefore;
    console.log(`heap +${growth.toFixed(1)} MB, ${mostQueued} in memory, ${mostSpilled} on disk at most`);
    expect(growth).toBeLessThan(32);
  }, 120_000);
}
