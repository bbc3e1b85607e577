import type { CountedKind, VisitEvent } from "./event.ts";

/**
 * Accepts events during requests and writes them to a sink later. `track` and `count` never throw and never wait: the
 * queue keeps the event in memory or on disk. If there is no space, it drops the event and counts the loss.
 */
export interface EventQueue {
  /** Adds an event to the queue. */
  track(event: VisitEvent): void;
  /**
   * Accepts an event that must not be lost, such as an order. Resolves when the event is in the sink or on this
   * machine's disk.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE` when the event was dropped. It is safe to call again with the same id.
   */
  trackDurably(event: VisitEvent): Promise<void>;
  /**
   * Counts one document or event that is not stored itself.
   *
   * @param tenant the company or site; null for none.
   */
  count(kind: CountedKind, tenant: string | null): void;
  /** Resolves when all events that were accepted before the call are in the sink. Rejects if the sink cannot write. */
  flush(): Promise<void>;
  /**
   * Writes the waiting events to the sink and closes the sink. Events that the sink did not accept stay on disk. May be
   * called more than once.
   */
  close(): Promise<void>;
}
