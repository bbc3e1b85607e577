import { setImmediate as turn } from "node:timers/promises";
import { expect } from "vitest";
import type { Clock, Schedule } from "../../../src/session/clock.ts";
import { CoatcheckError } from "../../../src/session/errors.ts";
import { fakeClock } from "../../../src/testing/clock.ts";
import { makeEvent } from "../../../src/testing/visit-events.ts";
import type { VisitEvent } from "../../../src/visit/event.ts";
import type { EventQueueOptions } from "../../../src/visit/ingest/options.ts";
import { createEventQueue, type IngestQueue } from "../../../src/visit/ingest/queue.ts";
import { memorySink } from "../../../src/visit/sink/memory.ts";
import type { EventBatch, EventSink } from "../../../src/visit/sink.ts";

/** A clock with timers that only the test advances. */
export interface FakeTime {
  readonly clock: Clock;
  readonly schedule: Schedule;
  /** Advances the time, runs the timers that become due, and waits until their promises have settled. */
  advance(milliseconds: number): Promise<void>;
}

export function createFakeTime(): FakeTime {
  const clock = fakeClock();
  let timers: { readonly at: number; readonly task: () => void }[] = [];
  return {
    clock,
    schedule(delay, task) {
      const timer = { at: clock.now() + delay, task };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    async advance(milliseconds) {
      const end = clock.now() + milliseconds;
      for (;;) {
        await turn();
        const next = timers.toSorted((left, right) => left.at - right.at)[0];
        if (!next || next.at > end) break;
        timers = timers.filter((each) => each !== next);
        clock.set(Math.max(clock.now(), next.at));
        next.task();
      }
      clock.set(end);
      await turn();
    },
  };
}

/** A memory sink whose writes a test can make fail or hang. */
export interface SwitchedSink extends EventSink {
  state: "works" | "fails" | "hangs";
  /** The batches of all attempted writes, including failed writes. */
  readonly attempts: EventBatch[];
  /** The highest number of writes that were in flight at the same time. */
  readonly maxInFlight: number;
  /** Lets the hanging writes succeed. */
  releaseWrites(): Promise<void>;
  read(): Promise<EventBatch>;
}

export function createSwitchedSink(): SwitchedSink {
  const stored = memorySink({ maxEvents: 1_000_000 });
  const waiting: (() => void)[] = [];
  let inFlight = 0;
  let maxInFlight = 0;
  return {
    state: "works",
    attempts: [],
    get maxInFlight() {
      return maxInFlight;
    },
    async write(batch) {
      this.attempts.push(batch);
      maxInFlight = Math.max(maxInFlight, ++inFlight);
      try {
        await turn();
        if (this.state === "fails") throw new CoatcheckError("STORE_UNAVAILABLE", "The sink is down.");
        if (this.state === "hangs") await new Promise<void>((resolve) => waiting.push(resolve));
        await stored.write(batch);
      } finally {
        inFlight--;
      }
    },
    async releaseWrites() {
      for (const resolve of waiting.splice(0)) resolve();
      await turn();
    },
    read: () => stored.read(),
    close: () => stored.close(),
  };
}

/** A queue, and the fake time and the sink that it uses. */
export interface QueueFixture {
  readonly queue: IngestQueue;
  readonly sink: SwitchedSink;
  readonly time: FakeTime;
}

export function openQueue(options: Partial<EventQueueOptions> = {}): QueueFixture {
  const time = createFakeTime();
  const sink = createSwitchedSink();
  const { clock, schedule } = time;
  const random = (bytes: Uint8Array) => void bytes.fill(255);
  return { time, sink, queue: createEventQueue({ sink, clock, schedule, random, ...options }) };
}

/** Matches the error that a queue throws if it has dropped an event or if its sink fails. */
export const UNAVAILABLE_ERROR: unknown = expect.objectContaining({ code: "STORE_UNAVAILABLE" });

/** Creates `count` page views with random ids. */
export function makeEvents(count: number, members: Partial<VisitEvent> = {}): VisitEvent[] {
  return Array.from({ length: count }, () => makeEvent(members));
}
