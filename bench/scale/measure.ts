/** Measures one operation: the duration of a call, and how long the call blocks the event loop. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";

/** The measured times of one operation, for one store and one number of sessions. */
export interface Measurement {
  /**
   * Median and 99th percentile of the calls' durations, in milliseconds. Below 100 calls, `p99` is the slowest call.
   */
  readonly median: number;
  readonly p99: number;
  /**
   * The longest uninterrupted time for which a call blocks the event loop: the 99.9th percentile of all calls, in
   * milliseconds.
   */
  readonly blockingTime: number;
  readonly calls: number;
}

/** The number of measured calls, and the preparation of each call. */
export interface SamplingOptions {
  readonly rounds: number;
  /** Runs before each call, without being timed. */
  readonly prepare?: (round: number) => Promise<void> | void;
}

/** Milliseconds between two probes of the event loop. */
const PROBE_INTERVAL = 1;
/** Maximum milliseconds for one operation. A slow operation gets fewer rounds, but at least {@link MIN_ROUNDS}. */
const TIME_BUDGET = 8000;
const MIN_ROUNDS = 3;

/**
 * Calls `run` once per round. Pauses between calls, so that background work of one call does not slow the next call.
 */
export async function measureCalls(
  run: (round: number) => Promise<unknown>,
  { rounds, prepare }: SamplingOptions,
): Promise<Measurement> {
  const times: number[] = [];
  const holds: number[] = [];
  let spent = 0;
  for (let round = 0; round < rounds && (round < MIN_ROUNDS || spent < TIME_BUDGET); round++) {
    await prepare?.(round);
    await pause(5);
    // Use a new probe per call, because a probe that is enabled again would include the time during which it was
    // disabled.
    const probe = monitorEventLoopDelay({ resolution: PROBE_INTERVAL });
    probe.enable();
    await pause(5);
    const startedAt = performance.now();
    await run(round);
    const time = performance.now() - startedAt;
    await pause(5);
    probe.disable();
    times.push(time);
    holds.push(Math.max(0, probe.max / 1e6 - PROBE_INTERVAL));
    spent += time;
  }
  return {
    median: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    blockingTime: quantile(holds, 0.999),
    calls: times.length,
  };
}

/** Returns a quantile of the values, such as the median for a `share` of 0.5. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
