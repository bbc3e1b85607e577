import assert from "node:assert/strict";
import type { DocumentCount, VisitEvent } from "../../visit/event.ts";
import type { EventBatch, EventSink } from "../../visit/sink.ts";

/** The event sinks of one test. Nothing is stored at the start. */
export interface SinkFixture {
  readonly sink: EventSink;
  /** The same object as `sink` where the data cannot be shared. */
  readonly other: EventSink;
  read(): Promise<EventBatch>;
}

/** Tests by title. The title says what a sink does. */
export type SinkCases = Readonly<Record<string, (fixture: SinkFixture) => Promise<void>>>;

/** A batch of events. */
export function createEventBatch(...events: VisitEvent[]): EventBatch {
  return { events, counts: [] };
}

/** A batch of counts. */
export function createCountBatch(...counts: DocumentCount[]): EventBatch {
  return { events: [], counts };
}

/** Fails the test unless exactly these events and counts are stored, in any order. */
export async function assertStored(read: SinkFixture["read"], expected: Partial<EventBatch>): Promise<void> {
  const stored = await read();
  assertSame("events", stored.events, expected.events ?? []);
  assertSame("counts", stored.counts, expected.counts ?? []);
}

/** Compares the ids first, and then one item at a time: the difference of two long lists takes seconds to print. */
function assertSame<Item extends { readonly id: string }>(
  what: string,
  stored: readonly Item[],
  expected: readonly Item[],
): void {
  const byId = new Map(stored.map((item) => [item.id, item]));
  const missing = expected.filter(({ id }) => !byId.has(id)).length;
  const message = `stored ${stored.length} ${what} instead of ${expected.length}; ${missing} are missing`;
  assert.ok(stored.length === expected.length && missing === 0, message);
  for (const item of expected) assert.deepEqual(byId.get(item.id), item);
}
