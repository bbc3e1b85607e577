import type { DocumentCount, Order, VisitEvent } from "./event.ts";

/** Events and document counts for one write. */
export interface EventBatch {
  readonly events: readonly VisitEvent[];
  readonly counts: readonly DocumentCount[];
}

/** An order that a sink has stored. */
export interface StoredOrder extends Order {
  readonly sessionId: string | null;
  readonly visitorId: string | null;
  /** Epoch milliseconds. */
  readonly at: number;
}

/**
 * Stores events. After a failure, `write` is called again with the same events; several nodes may write at once.
 *
 * - **Idempotent**: an event or count with an id that is already stored is ignored.
 * - **Atomic**: a failed `write` may have stored a part of the batch; the caller repeats the whole batch.
 * - **Durable**: an acknowledged batch survives a crash of the process.
 * - **Out of order**: events may arrive in any order, up to 48 hours late.
 * - **Failures**: a sink that cannot write throws `STORE_UNAVAILABLE`. It never throws because of an event's content.
 */
export interface EventSink {
  /** Stores a batch. Resolves after the commit. */
  write(batch: EventBatch): Promise<void>;

  /**
   * Returns the order as it was first stored; null if the order is unknown. A sink that cannot be searched, such as a
   * file, omits this method; the programs that read the file remove duplicates.
   */
  findOrder?(tenant: string | null, orderId: string): Promise<StoredOrder | null>;

  /** Waits for the accepted writes, then closes files and connections. May be called more than once. */
  close(): Promise<void>;
}
