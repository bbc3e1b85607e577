import type { Beacon, BeaconEvent } from "../beacon.ts";
import type { TrackerScope } from "./scope.ts";

/** Maximum number of events that wait for a response. Older ones are dropped. */
const MAX_PENDING_EVENTS = 50;

/**
 * Longest JSON of one beacon, in characters. Browsers reject beacons of more than 64 KB, and a character can need
 * three bytes.
 */
const MAX_BODY_LENGTH = 20_000;

/** Maximum age of an event in milliseconds: 48 hours. Older events are dropped, because the server rejects them. */
const MAX_EVENT_AGE = 48 * 3_600_000;

/**
 * How long events are collected before they are sent in one request, in milliseconds. A page sets its title shortly
 * after a navigation.
 */
const COLLECT_DELAY = 500;

/** An event that the server may not have received. */
interface PendingEvent {
  readonly pageId: string;
  readonly at: number;
  readonly event: Omit<BeaconEvent, "ago" | "title">;
  /** Title of the page. Read when the event is first sent: a page sets its title shortly after a navigation. */
  title?: string;
}

/** Sends events, and sends them again until the server has responded. A repeated event has the same id. */
export class Sender {
  readonly #scope: TrackerScope;
  readonly #path: string;
  #pending: PendingEvent[] = [];
  #isScheduled = false;

  constructor(scope: TrackerScope, path: string) {
    this.#scope = scope;
    this.#path = path;
  }

  add(pageId: string, event: PendingEvent["event"]): void {
    this.#pending.push(this.#toPendingEvent(pageId, event));
    this.#dropOldest(this.#pending);
    this.schedule();
  }

  /** Sends the pending events after a short delay. */
  schedule(): void {
    if (this.#isScheduled || this.#pending.length === 0) return;
    this.#isScheduled = true;
    this.#scope.setTimeout(() => {
      this.#isScheduled = false;
      this.send();
    }, COLLECT_DELAY);
  }

  /** Sends the pending events. If there is no response, they are pending again. */
  send(): void {
    const pending = this.#pending;
    for (const batch of this.#splitByBody(pending.splice(0))) {
      this.#fetch(this.#bodyOf(batch))
        .then(({ status }) => status < 500 && status !== 429)
        .catch(() => false)
        .then((isReceived) => {
          if (isReceived) return;
          pending.unshift(...batch);
          this.#dropOldest(pending);
        });
    }
  }

  /**
   * Sends the pending events, and `last` if it is not null, by `sendBeacon`, which finishes after the page is closed.
   * There is no response, so the pending events are sent again if the page is shown again.
   */
  sendLast(pageId: string, last: PendingEvent["event"] | null): void {
    const pending = last ? [...this.#pending, this.#toPendingEvent(pageId, last)] : this.#pending;
    for (const batch of this.#splitByBody(pending)) {
      const body = this.#bodyOf(batch);
      const blob = new Blob([body], { type: "application/json" });
      if (!this.#scope.navigator.sendBeacon?.(this.#path, blob)) this.#fetch(body).catch(() => {});
    }
  }

  /** Drops the pending events. Events that are already being sent are not sent again. */
  clear(): void {
    this.#pending = [];
  }

  /**
   * Splits events into bodies by page and by length. The server rejects a body as a whole, so the application's
   * events and the page's own events are in separate bodies. Omits events that every server would reject.
   */
  #splitByBody(pending: readonly PendingEvent[]): PendingEvent[][] {
    const batches: PendingEvent[][] = [];
    const latestBatches = new Map<string, { readonly events: PendingEvent[]; length: number }>();
    for (const each of pending) {
      const { length } = JSON.stringify(each.event);
      if (length > MAX_BODY_LENGTH || this.#scope.performance.now() - each.at > MAX_EVENT_AGE) continue;
      const key = each.pageId + /^page_(?:view|time)$/.test(each.event.type);
      let batch = latestBatches.get(key);
      if (!batch || batch.length + length > MAX_BODY_LENGTH) {
        batch = { events: [], length: 0 };
        batches.push(batch.events);
        latestBatches.set(key, batch);
      }
      batch.events.push(each);
      batch.length += length;
    }
    return batches;
  }

  #toPendingEvent(pageId: string, event: PendingEvent["event"]): PendingEvent {
    return { pageId, event, at: this.#scope.performance.now() };
  }

  #dropOldest(pending: PendingEvent[]): void {
    pending.splice(0, pending.length - MAX_PENDING_EVENTS);
  }

  async #fetch(body: string) {
    const headers = { "content-type": "application/json" };
    return this.#scope.fetch(this.#path, { method: "POST", body, headers, keepalive: true });
  }

  #bodyOf(batch: readonly PendingEvent[]): string {
    const { document, performance } = this.#scope;
    const events = batch.map((each) => {
      each.title ??= withoutLoneSurrogates(document.title.slice(0, 256));
      const ago = Math.round(performance.now() - each.at);
      return { ...each.event, ago, ...(each.title && { title: each.title }) };
    });
    return JSON.stringify({ pageId: batch[0]?.pageId ?? "", events } satisfies Beacon);
  }
}

/** Removes a lone surrogate, which truncation of a text can leave. */
function withoutLoneSurrogates(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "");
}
