/**
 * A process that only stops a queue. Arguments: `flush`, `close` or `track`, the behaviour of the sink (`works`,
 * `fails`, `hangs`), the folder of the spill or nothing. Prints the number of events that the sink stored and that
 * are on the disk.
 */
import { makeEvent } from "../../../src/testing/visit-events.ts";
import { createEventQueue } from "../../../src/visit/ingest/queue.ts";

const [, , call = "close", behaviour = "works", path = ""] = process.argv;
let stored = 0;
const queue = createEventQueue({
  sink: {
    async write({ events }) {
      if (behaviour === "hangs") await new Promise(() => {});
      if (behaviour === "fails") throw new Error("The sink is down.");
      stored += events.length;
    },
    async close() {},
  },
  batchSize: 10,
  closeTimeout: 500,
  ...(path && { spill: { path } }),
});
for (let index = 0; index < 95; index++) queue.track(makeEvent());
if (call === "flush") await queue.flush();
else if (call === "track") await queue.trackDurably(makeEvent());
else await queue.close();
console.log(stored, queue.stats().dropped);
