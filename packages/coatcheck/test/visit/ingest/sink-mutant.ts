import type { DocumentCount, VisitEvent } from "../../../src/visit/event.ts";
import { type MemorySink, memorySink } from "../../../src/visit/sink/memory.ts";
import type { EventBatch, EventSink, StoredOrder } from "../../../src/visit/sink.ts";

/** A sink with one deliberate fault, which violates the contract of sinks. */
export interface SinkMutant {
  /** The faulty behaviour, in words. */
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

/** Creates a sink in which some methods are replaced. */
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

/** Creates a sink that changes each batch before it stores it. */
export function createBatchMutant(
  change: (batch: EventBatch) => EventBatch,
  names: Pick<MutantOptions, "fault" | "foundBy">,
): SinkMutant {
  return createMutant({ ...names, wrap: (inner) => ({ write: (batch) => inner.write(change(batch)) }) });
}

/** Creates a sink that stores every row, including duplicates. `read` returns these rows. */
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

/** Replaces `findOrder`: it returns the event that `choose` selects. */
export function findOrderBy(
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

/** Returns the items without duplicate ids. */
export function withoutDuplicateIds<Item extends { readonly id: string }>(items: readonly Item[]): Item[] {
  return [...new Map(items.map((item) => [item.id, item])).values()];
}

/** The error of a closed sink. */
export const CLOSED_ERROR = Object.assign(new Error("closed"), { code: "STORE_UNAVAILABLE" });
