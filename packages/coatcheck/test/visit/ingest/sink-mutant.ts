import type { DocumentCount, VisitEvent } from "../../../src/visit/event.ts";
import { type MemorySink, memorySink } from "../../../src/visit/sink/memory.ts";
import type { EventBatch, EventSink, StoredOrder } from "../../../src/visit/sink.ts";

/** A sink that breaks one sentence of the contract. */
export interface SinkMutant {
  /** What the sink does wrong. */
  readonly fault: string;
  /** A test that must find it. */
  readonly foundBy: string;
  open(): { readonly sink: EventSink; read(): Promise<EventBatch> };
}

/** A mutant as {@link mutant} builds it. */
export interface Wrapped {
  readonly fault: string;
  readonly foundBy: string;
  wrap(sink: MemorySink): Partial<MemorySink>;
}

/** The sink with some of its methods replaced. */
export function mutant({ fault, foundBy, wrap }: Wrapped): SinkMutant {
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

/** A sink that changes each batch before it stores it. */
export function changing(
  change: (batch: EventBatch) => EventBatch,
  names: Pick<Wrapped, "fault" | "foundBy">,
): SinkMutant {
  return mutant({ ...names, wrap: (inner) => ({ write: (batch) => inner.write(change(batch)) }) });
}

/** A sink that stores every row, and whose rows `read` returns. */
export function rowSink(
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

/** Makes `findOrder` return the event of an order that `choose` selects. */
export function orderBy(
  choose: (events: VisitEvent[]) => VisitEvent | undefined,
  ignoresTenant = false,
): Wrapped["wrap"] {
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

/** The items, each id once. */
export function byId<Item extends { readonly id: string }>(items: readonly Item[]): Item[] {
  return [...new Map(items.map((item) => [item.id, item])).values()];
}

/** The error of a closed sink. */
export const closed = Object.assign(new Error("closed"), { code: "STORE_UNAVAILABLE" });
