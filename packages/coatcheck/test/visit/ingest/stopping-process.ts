/**
 * The program of a process that stops a queue and has no other tasks. Arguments: the method to call (`flush`, `close`
 * or `track`), the behaviour of the sink (`works`, `fails` or `hangs`), and optionally the folder of the spill. Prints
 * how many events the sink has stored, and then how many the queue has dropped.
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
