/**
 * An event sink in the memory of one process, for tests and for development. It contains the newest events only, and
 * loses all of them when the process exits.
 *
 * @example
 * import { memorySink } from "coatcheck/visit/memory";
 *
 * const sink = memorySink({ maxEvents: 1000 });
 * const { events } = await sink.read();
 * console.log(events.length);
 *
 * @module
 */
import { invalidInputError } from "../../session/errors.ts";
import { type KnownOptions, requireKnownOptions } from "../../session/known-options.ts";
import { describeValue } from "../../session/usage-error.ts";
import type { DocumentCount, VisitEvent } from "../event.ts";
import type { EventBatch, EventSink, StoredOrder } from "../sink.ts";
import { closedSinkError } from "../sink-error.ts";

/** Options of {@link memorySink}. */
export interface MemorySinkOptions {
  /** Maximum number of events, and maximum number of counts. The oldest are deleted first. Default: 10,000 each. */
  readonly maxEvents?: number;
}

/** An event sink whose contents a test can read. */
export interface MemorySink extends EventSink {
  /** Returns the stored events and counts in order of arrival. Works after `close` too. */
  read(): Promise<EventBatch>;
  findOrder(tenant: string | null, orderId: string): Promise<StoredOrder | null>;
}

const SINK_OPTIONS = { maxEvents: true } satisfies KnownOptions<MemorySinkOptions>;

/**
 * Creates an event sink in the memory of this process. An event that was deleted because of the limit is stored again
 * if it is repeated.
 *
 * @throws UsageError for an unknown option; CoatcheckError `VALIDATION_FAILED` for an invalid number.
 */
export function memorySink(options: MemorySinkOptions = {}): MemorySink {
  requireKnownOptions("options of memorySink()", options, SINK_OPTIONS);
  const { maxEvents = 10_000 } = options;
  if (!(Number.isSafeInteger(maxEvents) && maxEvents > 0)) {
    const message = `must be a positive integer (got ${describeValue(maxEvents)})`;
    throw invalidInputError("options of memorySink()", [{ path: "maxEvents", message }]);
  }
  const events = new Map<string, VisitEvent>();
  const counts = new Map<string, DocumentCount>();
  const orders = new Map<string, StoredOrder>();
  let isOpen = true;

  function storeEvent(event: VisitEvent): void {
    if (events.has(event.id)) return;
    events.set(event.id, structuredClone(event));
    const order = orderOf(event);
    const key = orderKey(event.tenant, order?.orderId ?? "");
    if (order && !orders.has(key)) orders.set(key, order);
  }

  return {
    async write(batch) {
      if (!isOpen) throw closedSinkError();
      for (const event of batch.events) storeEvent(event);
      for (const count of batch.counts) if (!counts.has(count.id)) counts.set(count.id, { ...count });
      for (const map of [events, counts, orders]) forgetOldest(map, maxEvents);
    },
    async findOrder(tenant, orderId) {
      if (!isOpen) throw closedSinkError();
      return orders.get(orderKey(tenant, orderId)) ?? null;
    },
    async read() {
      return structuredClone({ events: [...events.values()], counts: [...counts.values()] });
    },
    async close() {
      isOpen = false;
    },
  };
}

function orderKey(tenant: string | null, orderId: string): string {
  return JSON.stringify([tenant, orderId]);
}

function orderOf({ order, sessionId, visitorId, at }: VisitEvent): StoredOrder | null {
  return order && { ...order, sessionId, visitorId, at };
}

function forgetOldest(map: Map<string, unknown>, limit: number): void {
  for (const key of map.keys()) {
    if (map.size <= limit) return;
    map.delete(key);
  }
}
