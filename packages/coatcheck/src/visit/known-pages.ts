import { LRUCache } from "lru-cache";

/** Longest visible time that a beacon of an unknown page may report, in milliseconds. */
const MAX_VISIBLE_TIME = 24 * 60 * 60_000;

/** Maximum number of pages in memory. */
const MAX_REMEMBERED_PAGES = 50_000;

/** Remembers when pages were opened, so that no beacon can report more visible time than has passed. */
export class KnownPages {
  readonly #pages = new LRUCache<string, number>({ max: MAX_REMEMBERED_PAGES });

  /**
   * Records when a page was opened, epoch milliseconds. Only needed for a page id made by the page: an id made by the
   * server contains the time.
   */
  recordStart(pageId: string, at: number): void {
    if (!this.#pages.has(pageId)) this.#pages.set(pageId, at);
  }

  /**
   * Limits the visible time of a beacon to the time since the page's previous beacon.
   *
   * @param at when the page was hidden, epoch milliseconds.
   */
  limitVisibleTime(pageId: string, visibleTime: number, at: number): number {
    const since = this.#pages.get(pageId) ?? timeInUuidV7(pageId) ?? at - MAX_VISIBLE_TIME;
    this.#pages.set(pageId, Math.max(since, at));
    return Math.min(visibleTime, Math.max(0, at - since));
  }
}

/** Returns the time in a UUID v7, which the server gave to the page; null for an id made by the page. */
function timeInUuidV7(id: string): number | null {
  return id[14] === "7" ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : null;
}
