import { LRUCache } from "lru-cache";
import type { RecordedVisit } from "../session/recorded-visit.ts";

/** A visit ends after this time without activity, in milliseconds. */
export const VISIT_TIMEOUT = 30 * 60_000;

/** Longest duration of a visit, in milliseconds. */
export const MAX_VISIT_DURATION = 24 * 60 * 60_000;

/** Longest delay before activity is written to the session's record, in milliseconds. */
export const RECORD_INTERVAL = 10 * 60_000;

/** Maximum number of visitors whose visits are kept in memory. */
const MAX_REMEMBERED_VISITORS = 50_000;

/** Shared by all look-ups, to avoid an allocation. */
const PEEK_OPTIONS = {};

/** A visit, with the time of its latest activity in this process. */
export interface ActiveVisit {
  readonly visit: RecordedVisit;
  /** Epoch milliseconds. */
  lastActivityAt: number;
}

/**
 * Remembers the current visits of this process's visitors. Other processes, and this one after a restart, only know
 * the visit on the session's record, which may be a few minutes old. Only handlers read these visits; no statistics
 * are computed from them.
 */
export class CurrentVisits {
  readonly #visits = new LRUCache<string, ActiveVisit>({ max: MAX_REMEMBERED_VISITORS });

  /**
   * Returns the visitor's open visit: the one in memory or the one on the session's record, whichever was active later.
   * Returns null if no visit is open.
   */
  findOpenVisit(visitorId: string, recorded: RecordedVisit | null, now: number): ActiveVisit | null {
    // Use `peek`, which does not mark the entry as recently used: the mark would double the cost of a look-up. If the
    // cache evicts an open visit, the visit is read from its session's record.
    let latest = this.#visits.peek(visitorId, PEEK_OPTIONS) ?? null;
    if (recorded !== null && recorded.lastActivityAt > (latest?.lastActivityAt ?? 0)) {
      latest = { visit: recorded, lastActivityAt: recorded.lastActivityAt };
      this.#visits.set(visitorId, latest);
    }
    return latest !== null && isOpen(latest, now) ? latest : null;
  }

  /** Remembers a new visit. */
  addVisit(visitorId: string, visit: RecordedVisit): ActiveVisit {
    const active = { visit, lastActivityAt: visit.lastActivityAt };
    this.#visits.set(visitorId, active);
    return active;
  }

  /** Forgets a visitor who has opted out. */
  forgetVisitor(visitorId: string): void {
    this.#visits.delete(visitorId);
  }
}

function isOpen({ visit, lastActivityAt }: ActiveVisit, now: number): boolean {
  return now - lastActivityAt < VISIT_TIMEOUT && now - visit.startedAt < MAX_VISIT_DURATION;
}
