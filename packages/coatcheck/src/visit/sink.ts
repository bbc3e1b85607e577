import type { DocumentCount, Order, VisitEvent } from "./event.ts";

/** Events and counts that were tracked together. */
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
 * Where events go. `write` is called again with the same events after a failure, and several nodes write at once.
 *
 * - **Idempotent**: an event or count whose id is stored already is ignored.
 * - **Atomic**: after a failed `write`, any part of the batch may be stored; the caller repeats the whole batch.
 * - **Durable**: an acknowledged batch survives a crash of the process.
 * - **Out of order**: events may arrive in any order, up to 48 hours late.
 * - **Failures**: a sink that cannot write throws `STORE_UNAVAILABLE`. It never throws because of an event's content.
 */
export interface EventSink {
  /** Stores a batch. Resolves at commit. */
  write(batch: EventBatch): Promise<void>;

  /**
   * Returns the order as it was first stored; null if there is none. A sink that cannot be searched, such as a file,
   * omits this method: the reader of the file then removes duplicates.
   */
  findOrder?(tenant: string | null, orderId: string): Promise<StoredOrder | null>;

  /** Finishes the accepted writes, then closes files and connections. May be called more than once. */
  close(): Promise<void>;
}
