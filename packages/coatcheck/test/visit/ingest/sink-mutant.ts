import type { DocumentCount, VisitEvent } from "../../../src/visit/event.ts";
import { type MemorySink, memorySink } from "../../../src/visit/sink/memory.ts";
import type { EventBatch, EventSink, StoredOrder } from "../../../src/visit/sink.ts";

/** A sink with one deliberate fault, which violates the contract of sinks. */
export interface SinkMutant {
  /** Describes the faulty behaviour. */
  readonly fault: string;
  /** Title of a contract test that must fail for this sink. */
  readonly foundBy: string;
  open(): { readonly sink: EventSink; read(): Promise<EventBatch> };
}

/** Options of {@link createMutant}. */
export interface MutantOptions {
  readonly fault: string;
  readonly foundBy: string;
  wrap(sink: MemorySink): Partial<MemorySink>;
}

/** Creates a mutant of a memory sink. `wrap` returns the faulty methods. */
export function createMutant({ fault, foundBy, wrap }: MutantOptions): SinkMutant {
  return {
    fault,
    foundBy,
    open() {
      const inner = memorySink();
      const sink = { ...inner, ...wrap(inner) };
      return { sink, read: () => sink.read() };
    },
  };
}

/** Creates a mutant that changes each batch before it stores the batch. */
export function createBatchMutant(
  change: (batch: EventBatch) => EventBatch,
  description: Pick<MutantOptions, "fault" | "foundBy">,
): SinkMutant {
  return createMutant({
    ...description,
    wrap: (inner) => ({ write: (batch) => inner.write(change(batch)) }),
  });
}

/** Returns a function for `wrap`. Its sink stores all rows with `store`, including duplicates, and `read` returns these
 * rows. */
export function createRowSink(
  store: (rows: { events: VisitEvent[]; counts: DocumentCount[] }, batch: EventBatch) => void,
) {
  return () => {
    const rows: { events: VisitEvent[]; counts: DocumentCount[] } = { events: [], counts: [] };
    return {
      write: async (batch: EventBatch) => store(rows, batch),
      read: async () => structuredClone(rows),
    };
  };
}

/**
 * Returns a function for `wrap` that replaces `findOrder`. The new `findOrder` returns the event that `choose` selects.
 */
export function replaceFindOrder(
  choose: (events: VisitEvent[]) => VisitEvent | undefined,
  ignoresTenant = false,
): MutantOptions["wrap"] {
  return (inner) => {
    const arrived: VisitEvent[] = [];
    return {
      async write(batch) {
        arrived.push(...batch.events);
        await inner.write(batch);
      },
      async findOrder(tenant, orderId): Promise<StoredOrder | null> {
        const matching = arrived.filter(
          (event) => event.order?.orderId === orderId && (ignoresTenant || event.tenant === tenant),
        );
        const { order, sessionId, visitorId, at } = choose(matching) ?? {};
        return order
          ? { ...order, sessionId: sessionId ?? null, visitorId: visitorId ?? null, at: at ?? 0 }
          : null;
      },
    };
  };
}

/** Returns the items. If several items have the same id, returns only the last of them. */
export function removeDuplicateIds<Item extends { readonly id: string }>(items: readonly Item[]): Item[] {
  return [...new Map(items.map((item) => [item.id, item])).values()];
}

/** The error with which a closed sink rejects. */
export const CLOSED_ERROR = Object.assign(new Error("closed"), { code: "STORE_UNAVAILABLE" });
