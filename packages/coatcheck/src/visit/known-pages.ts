import { LRUCache } from "lru-cache";

/** The longest time that a beacon of an unknown page may report, in milliseconds. */
const MAX_VISIBLE_TIME = 24 * 60 * 60_000;

/** Pages that are remembered. */
const MAX_PAGES = 50_000;

/** Remembers when pages began, so that no beacon reports more visible time than has passed. */
export class KnownPages {
  readonly #pages = new LRUCache<string, number>({ max: MAX_PAGES });

  /**
   * Records when a page that made its own id began, epoch milliseconds. An id that the server made contains the time.
   */
  began(pageId: string, at: number): void {
    if (!this.#pages.has(pageId)) this.#pages.set(pageId, at);
  }

  /**
   * Clamps the visible time of a beacon to the time since the page's last one.
   *
   * @param at when the page was hidden, epoch milliseconds.
   */
  clamp(pageId: string, visibleTime: number, at: number): number {
    const since = this.#pages.get(pageId) ?? timeOf(pageId) ?? at - MAX_VISIBLE_TIME;
    this.#pages.set(pageId, Math.max(since, at));
    return Math.min(visibleTime, Math.max(0, at - since));
  }
}

/** The time in a UUID v7, which this server has given to the page; null for a page that made its own id. */
function timeOf(id: string): number | null {
  return id[14] === "7" ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : null;
}
