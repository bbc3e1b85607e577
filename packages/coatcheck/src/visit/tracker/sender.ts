import type { Beacon, BeaconEvent } from "../beacon.ts";
import type { TrackerScope } from "./scope.ts";

/** The most events that wait for a response. The oldest are dropped. */
const MAX_PENDING = 50;

/** Characters of JSON in one beacon. Browsers refuse beacons of more than 64 KB, and a character can take three bytes. */
const MAX_LENGTH = 20_000;

/** Milliseconds after which an event is dropped: 48 hours. The server refuses older ones. */
const MAX_AGE = 48 * 3_600_000;

/** Milliseconds in which events are collected for one request. A page sets its title shortly after a navigation. */
const COLLECT_DELAY = 500;

/** An event that the server may not have received. */
interface Pending {
  readonly pageId: string;
  readonly at: number;
  readonly event: Omit<BeaconEvent, "ago" | "title">;
  /** Set at the first sending, when the page has its title. */
  title?: string;
}

/** Sends events, and keeps them until the server has responded. Repeated events have the same id. */
export class Sender {
  readonly #scope: TrackerScope;
  readonly #path: string;
  #pending: Pending[] = [];
  #isScheduled = false;

  constructor(scope: TrackerScope, path: string) {
    this.#scope = scope;
    this.#path = path;
  }

  add(pageId: string, event: Pending["event"]): void {
    this.#pending.push(this.#made(pageId, event));
    this.#trim(this.#pending);
    this.schedule();
  }

  /** Sends the pending events soon. */
  schedule(): void {
    if (this.#isScheduled || this.#pending.length === 0) return;
    this.#isScheduled = true;
    this.#scope.setTimeout(() => {
      this.#isScheduled = false;
      this.send();
    }, COLLECT_DELAY);
  }

  /** Sends the pending events. Those without a response are pending again. */
  send(): void {
    const pending = this.#pending;
    for (const part of this.#partsOf(pending.splice(0))) {
      this.#fetch(this.#bodyOf(part))
        .then(({ status }) => status < 500 && status !== 429)
        .catch(() => false)
        .then((isReceived) => {
          if (isReceived) return;
          pending.unshift(...part);
          this.#trim(pending);
        });
    }
  }

  /**
   * Sends the pending events, and `last` if there is one, in a way that outlives the page. It brings no response, so the
   * pending events are repeated if the page is shown again.
   */
  sendLast(pageId: string, last: Pending["event"] | null): void {
    const pending = last ? [...this.#pending, this.#made(pageId, last)] : this.#pending;
    for (const part of this.#partsOf(pending)) {
      const body = this.#bodyOf(part);
      const blob = new Blob([body], { type: "application/json" });
      if (!this.#scope.navigator.sendBeacon?.(this.#path, blob)) this.#fetch(body).catch(() => {});
    }
  }

  /** Forgets the pending events. Those that are being sent are not repeated. */
  clear(): void {
    this.#pending = [];
  }

  /**
   * Splits events by page, and where a body would become too long. The server rejects a body as a whole, so the
   * application's events and the page's own are in separate bodies. Omits events that no server would accept.
   */
  #partsOf(pending: readonly Pending[]): Pending[][] {
    const parts: Pending[][] = [];
    const open = new Map<string, { readonly events: Pending[]; length: number }>();
    for (const each of pending) {
      const { length } = JSON.stringify(each.event);
      if (length > MAX_LENGTH || this.#scope.performance.now() - each.at > MAX_AGE) continue;
      const key = each.pageId + /^page_(?:view|time)$/.test(each.event.type);
      let part = open.get(key);
      if (!part || part.length + length > MAX_LENGTH) {
        part = { events: [], length: 0 };
        parts.push(part.events);
        open.set(key, part);
      }
      part.events.push(each);
      part.length += length;
    }
    return parts;
  }

  #made(pageId: string, event: Pending["event"]): Pending {
    return { pageId, event, at: this.#scope.performance.now() };
  }

  #trim(pending: Pending[]): void {
    pending.splice(0, pending.length - MAX_PENDING);
  }

  async #fetch(body: string) {
    const headers = { "content-type": "application/json" };
    return this.#scope.fetch(this.#path, { method: "POST", body, headers, keepalive: true });
  }

  #bodyOf(part: readonly Pending[]): string {
    const { document, performance } = this.#scope;
    const events = part.map((each) => {
      each.title ??= withoutLoneSurrogates(document.title.slice(0, 256));
      const ago = Math.round(performance.now() - each.at);
      return { ...each.event, ago, ...(each.title && { title: each.title }) };
    });
    return JSON.stringify({ pageId: part[0]?.pageId ?? "", events } satisfies Beacon);
  }
}

/** Removes half of a surrogate pair, which cutting a text can leave. */
function withoutLoneSurrogates(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "");
}
