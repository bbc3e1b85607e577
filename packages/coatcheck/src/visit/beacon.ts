import type { JsonObject } from "../session/json.ts";

/**
 * The body of a beacon, which reports the events of one page. The page sends it as a `POST` of `application/json`, by
 * `sendBeacon` or by `fetch` with `keepalive`: the browser finishes these requests even if the page is closed. Browsers
 * limit the bodies to 64 KB. A page repeats an event, with the same id, until a response arrives. Any script can send
 * such a body: the server checks every field.
 *
 * To opt out or in, the page sends a `POST` without a body to the same path with `/opt-out` or `/opt-in` added.
 */
export interface Beacon {
  /**
   * UUID of the page: the `content` of `<meta name="coatcheck-page">` if the server has counted the document, else a
   * UUID v4 made by the page.
   */
  readonly pageId: string;
  /** At most 51: 50 events that wait for a response, and the page's last event. */
  readonly events: readonly BeaconEvent[];
}

/** An event of a {@link Beacon}. Optional fields are absent where they do not apply. */
export interface BeaconEvent {
  /** `page_view`, `page_time`, or the name of an event of the application. */
  readonly type: string;
  /** UUID v4 of the event. A repeated event has the same id. */
  readonly id: string;
  /** Age of the event when the beacon was sent, in milliseconds. Non-negative. */
  readonly ago: number;
  /** Path of the page without its query, at most 1024 characters. Required in every event. */
  readonly path?: string;
  /**
   * Only in a `page_view`: the query of the page's address with `?`, at most 4096 characters. Absent if there is no
   * query.
   */
  readonly query?: string;
  /** Title of the page, at most 256 characters. Absent if the title is empty. */
  readonly title?: string;
  /** Only in the `page_view` of a document: `document.referrer`, at most 2048 characters. */
  readonly referrer?: string;
  /** Only in a `page_time`: how long the page was visible since its previous `page_time`, in milliseconds. */
  readonly visibleTime?: number;
  /** Only in an event of the application: its fields. */
  readonly properties?: JsonObject;
}
