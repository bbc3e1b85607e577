import type { CountedKind, VisitEvent } from "./event.ts";

/**
 * Takes events on a request's path and brings them to a sink later. `track` and `count` never throw and never wait: a
 * queue keeps the event in memory or on disk, and counts what it had to drop.
 */
export interface EventQueue {
  /** Accepts an event. */
  track(event: VisitEvent): void;
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
