import type { CountedKind, VisitEvent } from "./event.ts";

/**
 * Takes events on a request's path and brings them to a sink later. `track` and `count` never throw and never wait: the
 * queue keeps the event in memory or on disk, and counts what it had to drop.
 */
export interface EventQueue {
  /** Accepts an event. */
  track(event: VisitEvent): void;
  /**
   * Accepts an event that must not be lost, such as an order. Resolves when it is in the sink, or on the disk of this machine.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE` when it was dropped. To repeat it with the same id is safe.
   */
  trackDurably(event: VisitEvent): Promise<void>;
  /**
   * Counts one document, or one event, that is not stored.
   *
   * @param tenant the company or site; null for none.
   */
  count(kind: CountedKind, tenant: string | null): void;
  /** Resolves when everything that was accepted before the call is in the sink. Rejects when the sink cannot write. */
  flush(): Promise<void>;
  /** Flushes what the sink accepts, keeps the rest on disk, and closes the sink. May be called more than once. */
  close(): Promise<void>;
}
