/**
 * The program of a process that tracks events until it is killed. Arguments: the folder of the spill, the folder of the
 * NDJSON sink, and the behaviour of the sink (`works`, `fails` or `hangs`). Prints the id of each tracked event, and
 * `tick` in each interval. On SIGTERM, it closes the queue, prints `closed` and exits.
 */
import { writeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { CoatcheckError } from "../../../src/session/errors.ts";
import { createPooledRandom } from "../../../src/session/token.ts";
import { makeEvent } from "../../../src/testing/visit-events.ts";
import { createEventQueue } from "../../../src/visit/ingest/queue.ts";
import { uuidV7Source } from "../../../src/visit/ingest/uuid-v7.ts";
import { ndjsonSink } from "../../../src/visit/sink/ndjson.ts";
import type { EventSink } from "../../../src/visit/sink.ts";
import { BATCH_INTERVAL } from "./tracking-process-options.ts";

const [, , spill = "", folder = "", behaviour = "works"] = process.argv;

function createSink(): EventSink {
  const sink = ndjsonSink(folder);
  if (behaviour === "works") return sink;
  const failure = new CoatcheckError("STORE_UNAVAILABLE", "The sink is down.");
  const write = () => (behaviour === "fails" ? Promise.reject(failure) : new Promise<void>(() => {}));
  return { write, close: () => sink.close() };
}

function printLine(line: string): void {
  writeSync(1, `${line}\n`);
}

const queue = createEventQueue({
  sink: createSink(),
  spill: { path: spill },
  batchInterval: BATCH_INTERVAL,
  closeTimeout: 1000,
});
const newId = uuidV7Source({ clock: Date, random: createPooledRandom() });
let isStopping = false;

process.on("SIGTERM", async () => {
  isStopping = true;
  await queue.close();
  printLine("closed");
  process.exit();
});
// This interval is longer than the queue's. A timer that the queue sets before one tick therefore fires before the
// next.
setInterval(() => printLine("tick"), BATCH_INTERVAL + 5);
while (!isStopping) {
  for (let index = 0; index < 5; index++) {
    const event = makeEvent({ id: newId() });
    queue.track(event);
    printLine(event.id);
  }
  await pause(1);
}
