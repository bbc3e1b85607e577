import type { JsonObject } from "../session/json.ts";

/**
 * The body of a beacon: what one page reports. The page sends it as `POST` with `application/json`, in a form that
 * outlives the page (`sendBeacon`, or `fetch` with `keepalive`), so it is at most 64 KB long. A page repeats an event with
 * the same id until a response arrives. Any script can send such a body: the server checks every field.
 *
 * The same path with `/opt-out` and `/opt-in` added takes a `POST` without a body.
 */
export interface Beacon {
  /**
   * UUID of the page: the `content` of `<meta name="coatcheck-page">` if the server counted the document, else a UUID v4
   * that the page made itself.
   */
  readonly pageId: string;
  /** At most 51: the 50 that wait for a response, and the last one. */
  readonly events: readonly BeaconEvent[];
}

/** An event of a {@link Beacon}. The fields with `?` are absent where they do not apply. */
export interface BeaconEvent {
  /** `page_view`, `page_time`, or the name of an event of the application. */
  readonly type: string;
  /** UUID v4 of the event, the same in each repetition. */
  readonly id: string;
  /** How many milliseconds before the sending of this beacon the event happened. Non-negative. */
  readonly ago: number;
  /** Path of the page without its query, at most 1024 characters. In every event. */
  readonly path?: string;
  /** In a `page_view`: the query of the page's address with `?`, at most 4096 characters. Absent if it is empty. */
  readonly query?: string;
  /** Title of the page, at most 256 characters. Absent if it is empty. */
  readonly title?: string;
  /** In the `page_view` of a document: the address that linked to it, at most 2048 characters. */
  readonly referrer?: string;
  /** In a `page_time`: milliseconds for which the page was visible since its last `page_time`. */
  readonly visibleTime?: number;
  /** In an event of the application: its fields. */
  readonly properties?: JsonObject;
}
