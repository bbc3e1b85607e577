import { type Clock, type Schedule, systemClock, systemSchedule } from "../../session/clock.ts";
import { type Fault, invalidInputError } from "../../session/errors.ts";
import {
  type KnownOptions,
  requireKnownNestedOptions,
  requireKnownOptions,
} from "../../session/known-options.ts";
import { warnOfShortDurations } from "../../session/short-durations.ts";
import { createPooledRandom, type RandomSource } from "../../session/token.ts";
import { describeValue, usageError } from "../../session/usage-error.ts";
import type { EventSink } from "../sink.ts";
import type { SpillOptions } from "./spill.ts";

/** Options of {@link createEventQueue}. Only `sink` is required. */
export interface EventQueueOptions {
  /** Stores the events. Closing the queue closes the sink too. */
  readonly sink: EventSink;
  /**
   * Stores events on disk while the sink does not accept them. Without it, events are lost when the process crashes
   * during an outage, or when the outage exceeds `maxEvents`.
   */
  readonly spill?: SpillOptions;
  /** Maximum number of events in memory. Default: 10,000. */
  readonly maxEvents?: number;
  /** Maximum number of events per write. Default: 1,000. */
  readonly batchSize?: number;
  /** Longest time until an incomplete batch is written, in milliseconds. Default: 200. */
  readonly batchInterval?: number;
  /** A write that has not settled after this many milliseconds has failed. Default: 30,000. */
  readonly writeTimeout?: number;
  /** How long {@link EventQueue.close} waits for the sink, in milliseconds. Default: 5,000. */
  readonly closeTimeout?: number;
  /** Default: the system clock. */
  readonly clock?: Clock;
  /** Starts timers. Default: `setTimeout`, unreferenced. */
  readonly schedule?: Schedule;
  /**
   * Random source for the ids of counts, and for the jitter between retries. Default: the operating system's random
   * source.
   */
  readonly random?: RandomSource;
}

const QUEUE_OPTIONS = {
  sink: true,
  spill: true,
  maxEvents: true,
  batchSize: true,
  batchInterval: true,
  writeTimeout: true,
  closeTimeout: true,
  clock: true,
  schedule: "function",
  random: "function",
} satisfies KnownOptions<EventQueueOptions>;
const SPILL_OPTIONS = { path: true, maxBytes: true } satisfies KnownOptions<SpillOptions>;

/** The options, with defaults filled in. */
export interface QueueSettings extends Required<Omit<EventQueueOptions, "spill">> {
  readonly spill: Required<SpillOptions> | null;
}

/**
 * Checks the options and adds the defaults.
 *
 * @throws UsageError for an unknown option or an option of the wrong type; CoatcheckError `VALIDATION_FAILED` for a
 *   number that is not a positive integer.
 */
export function readQueueOptions(options: EventQueueOptions): QueueSettings {
  requireKnownOptions("options of createEventQueue()", options, QUEUE_OPTIONS);
  requireKnownNestedOptions("options of createEventQueue()", options, "spill", SPILL_OPTIONS);
  if (typeof options.sink?.write !== "function") {
    const message = `must be an event sink (got ${describeValue(options.sink)})`;
    throw usageError("options of createEventQueue()", [{ path: "sink", message }]);
  }
  const { spill } = options;
  if (spill && (typeof spill.path !== "string" || spill.path === "")) {
    const message = `must be the path of a folder (got ${describeValue(spill.path)})`;
    throw usageError("options of createEventQueue()", [{ path: "spill.path", message }]);
  }
  const numbers = {
    maxEvents: options.maxEvents ?? 10_000,
    batchSize: options.batchSize ?? 1_000,
    batchInterval: options.batchInterval ?? 200,
    writeTimeout: options.writeTimeout ?? 30_000,
    closeTimeout: options.closeTimeout ?? 5_000,
  };
  const maxBytes = spill?.maxBytes ?? 256 * 1024 * 1024;
  const faults = Object.entries({ ...numbers, "spill.maxBytes": maxBytes }).flatMap(
    ([path, value]): Fault[] =>
      Number.isSafeInteger(value) && value > 0
        ? []
        : [{ path, message: `must be a positive integer (got ${describeValue(value)})` }],
  );
  if (faults.length > 0) throw invalidInputError("options of createEventQueue()", faults);
  const { writeTimeout, closeTimeout } = numbers;
  warnOfShortDurations("options of createEventQueue()", "wait", { writeTimeout, closeTimeout });
  return {
    ...numbers,
    sink: options.sink,
    spill: spill ? { path: spill.path, maxBytes } : null,
    clock: options.clock ?? systemClock,
    schedule: options.schedule ?? systemSchedule,
    random: options.random ?? createPooledRandom(),
  };
}
