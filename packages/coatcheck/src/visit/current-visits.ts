import { LRUCache } from "lru-cache";
import type { RecordedVisit } from "../session/recorded-visit.ts";

/** A visit ends this long after its last activity, in milliseconds. */
export const VISIT_TIMEOUT = 30 * 60_000;

/** A visit ends this long after its start, in milliseconds. */
export const MAX_VISIT_DURATION = 24 * 60 * 60_000;

/** The record of a session is at most this far behind the visit's activity, in milliseconds. */
export const RECORD_INTERVAL = 10 * 60_000;

/** Visitors whose visits are remembered. */
const MAX_VISITORS = 50_000;

/** One object for all look-ups. */
const PEEK = {};

/** A visit with its latest activity in this process. */
export interface ActiveVisit {
  readonly visit: RecordedVisit;
  /** Epoch milliseconds. */
  lastActivityAt: number;
}

/**
 * Remembers the current visits of this process's visitors. Other processes and restarts only find the visit on the session's
 * record, which may be a few minutes behind: this is what a handler is shown, and no figure is computed from it.
 */
export class CurrentVisits {
  readonly #visits = new LRUCache<string, ActiveVisit>({ max: MAX_VISITORS });

  /** Returns the visitor's open visit: the remembered or the recorded one, whichever was active later; null if it has ended. */
  find(visitorId: string, recorded: RecordedVisit | null, now: number): ActiveVisit | null {
    // Does not update the recency, which would cost as much as the rest. A forgotten visit is found again on its
    // session's record.
    let latest = this.#visits.peek(visitorId, PEEK) ?? null;
    if (recorded !== null && recorded.lastActivityAt > (latest?.lastActivityAt ?? 0)) {
      latest = { visit: recorded, lastActivityAt: recorded.lastActivityAt };
      this.#visits.set(visitorId, latest);
    }
    return latest !== null && isOpen(latest, now) ? latest : null;
  }

  /** Remembers a visit that begins. */
  begin(visitorId: string, visit: RecordedVisit): ActiveVisit {
    const active = { visit, lastActivityAt: visit.lastActivityAt };
    this.#visits.set(visitorId, active);
    return active;
  }

  /** Forgets a visitor who has opted out. */
  forget(visitorId: string): void {
    this.#visits.delete(visitorId);
  }
}

function isOpen({ visit, lastActivityAt }: ActiveVisit, now: number): boolean {
  return now - lastActivityAt < VISIT_TIMEOUT && now - visit.startedAt < MAX_VISIT_DURATION;
}
