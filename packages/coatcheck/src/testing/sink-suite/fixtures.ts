import assert from "node:assert/strict";
import type { DocumentCount, VisitEvent } from "../../visit/event.ts";
import type { EventBatch, EventSink } from "../../visit/sink.ts";

/** The sinks of one test, which has an empty store. */
export interface SinkFixture {
  readonly sink: EventSink;
  /** The same object as `sink` where the data cannot be shared. */
  readonly other: EventSink;
  read(): Promise<EventBatch>;
}

/** Tests by title. The title says what a sink does. */
export type SinkCases = Readonly<Record<string, (fixture: SinkFixture) => Promise<void>>>;

/** A batch of events. */
export function eventBatch(...events: VisitEvent[]): EventBatch {
  return { events, counts: [] };
}

/** A batch of counts. */
export function countBatch(...counts: DocumentCount[]): EventBatch {
  return { events: [], counts };
}

/** Fails the test unless exactly these events and counts are stored, in any order. */
export async function assertStored(read: SinkFixture["read"], expected: Partial<EventBatch>): Promise<void> {
  const stored = await read();
  assert.deepEqual(byId(stored.events), byId(expected.events ?? []));
  assert.deepEqual(byId(stored.counts), byId(expected.counts ?? []));
}

function byId<Item extends { readonly id: string }>(items: readonly Item[]): Item[] {
  return items.toSorted((left, right) => (left.id < right.id ? -1 : 1));
}
