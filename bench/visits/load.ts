/** Measures how fast events are stored. */
import type { VisitEvent } from "../../packages/coatcheck/src/visit/event.ts";
import { Progress } from "../progress.ts";
import { batchesOf } from "./traffic.ts";

/** Number of events that a sink writes at once. */
export const BATCH_SIZE = 1000;

/** The number of stored events and the time for storing them, without the time for generating them. */
export interface LoadResult {
  readonly events: number;
  /** Milliseconds. */
  readonly time: number;
}

/** Stores events in batches of `size`. */
export async function storeEvents(
  events: Iterable<VisitEvent>,
  insert: (batch: readonly VisitEvent[]) => Promise<void>,
  { size = BATCH_SIZE, step = "", total = 0 } = {},
): Promise<LoadResult> {
  const progress = step === "" ? null : new Progress(step, total);
  let stored = 0;
  let time = 0;
  for (const batch of batchesOf(events, size)) {
    const startedAt = performance.now();
    await insert(batch);
    time += performance.now() - startedAt;
    stored += batch.length;
    progress?.report(stored);
  }
  return { events: stored, time };
}

/** Returns the number of stored events per second. */
export function rateOf({ events, time }: LoadResult): number {
  return Math.round((events / time) * 1000);
}

/** Yields the first `count` items. */
export function* firstItems<Item>(items: Iterable<Item>, count: number): Generator<Item> {
  let taken = 0;
  for (const item of items) {
    if (taken++ >= count) return;
    yield item;
  }
}
