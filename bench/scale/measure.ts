/** Measures one operation: how long a call takes, and how long it holds the event loop. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";

/** The result for one operation on one store of one size. */
export interface Measurement {
  /** Median and 99th percentile of one call, milliseconds; the slowest call if there are fewer than a hundred. */
  readonly median: number;
  readonly p99: number;
  /** 99.9th percentile over the calls of the longest time for which a call held the event loop, in milliseconds. */
  readonly held: number;
  readonly calls: number;
}

/** How often an operation is measured. */
export interface Sampling {
  readonly rounds: number;
  /** Runs before each call, without being timed. */
  readonly prepare?: (round: number) => Promise<void> | void;
}

/** Milliseconds between two probes of the event loop. */
const PROBE_INTERVAL = 1;
/** A slow operation is measured fewer times: no more than fit into this time, but at least {@link MIN_ROUNDS}. */
const BUDGET = 8000;
const MIN_ROUNDS = 3;

/** Calls `run` several times. Pauses between two calls, so that no call is charged for another's work. */
export async function measure(
  run: (round: number) => Promise<unknown>,
  { rounds, prepare }: Sampling,
): Promise<Measurement> {
  const times: number[] = [];
  const holds: number[] = [];
  let spent = 0;
  for (let round = 0; round < rounds && (round < MIN_ROUNDS || spent < BUDGET); round++) {
    await prepare?.(round);
    await pause(5);
    // One probe per call: a probe that is enabled again counts the time for which it was disabled.
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
    held: quantile(holds, 0.999),
    calls: times.length,
  };
}

/** The value below which a share of the values lies. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
