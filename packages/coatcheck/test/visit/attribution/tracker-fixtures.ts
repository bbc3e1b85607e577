import type { Beacon, BeaconEvent } from "../../../src/visit/beacon.ts";
import { startTracker, type Tracker, type TrackerScope } from "../../../src/visit/tracker/index.ts";

/** A request with a beacon in its body, and the browser function that sent it. */
export interface SentRequest {
  readonly by: "fetch" | "beacon";
  readonly path: string;
  readonly body: Beacon;
}

/** A page in a browser, with a clock that the test advances. */
export class TestPage {
  readonly window = new EventTarget();
  readonly document = new EventTarget();
  readonly sentBeacons: SentRequest[] = [];
  /** The paths of the opt-out and opt-in requests that the page has sent. */
  readonly choiceRequests: string[] = [];
  meta: string | null = null;
  title = "Tacos";
  referrer = "";
  cookie = "";
  url = new URL("https://shop.example/tacos");
  visibility: DocumentVisibilityState = "visible";
  prerendering = false;
  privacyControl = false;
  /** Whether the browser accepts beacons. */
  acceptsBeacons = true;
  /** The status of the server's responses. If it is null, requests fail. */
  status: number | null = 204;
  #now = 5_000;
  readonly #reads: Promise<void>[] = [];
  #tasks: { at: number; task: () => void }[] = [];
  #tracker: Tracker | undefined;

  constructor(change: Partial<TestPage> = {}) {
    Object.assign(this, change);
  }

  startTracker(path?: string): this {
    this.#tracker = startTracker({ scope: this.scope, ...(path !== undefined && { path }) });
    return this;
  }

  get tracker(): Tracker {
    if (!this.#tracker) throw new Error("The page has not started its tracker.");
    return this.#tracker;
  }

  /** All events that were sent. Each has the page id of its beacon, and the browser function that sent the beacon. */
  get events(): (BeaconEvent & { pageId: string; by: SentRequest["by"] })[] {
    return this.sentBeacons.flatMap(({ by, body }) =>
      body.events.map((event) => ({ ...event, pageId: body.pageId, by })),
    );
  }

  /** Advances the clock, then waits until responses have arrived. */
  async advance(milliseconds: number): Promise<void> {
    this.#now += milliseconds;
    const due = this.#tasks.filter(({ at }) => at <= this.#now);
    this.#tasks = this.#tasks.filter(({ at }) => at > this.#now);
    for (const { task } of due) task();
    await this.waitForResponses();
  }

  setVisibility(visibility: DocumentVisibilityState): void {
    this.visibility = visibility;
    this.fireEvent("visibilitychange");
  }

  fireEvent(type: string, properties: object = {}): void {
    this.window.dispatchEvent(Object.assign(new Event(type), properties));
  }

  /** Navigates to an address as single-page applications do. */
  navigateTo(address: string, method: "pushState" | "replaceState" = "pushState"): void {
    this.#history[method](null, "", address);
  }

  navigateBackTo(address: string): void {
    this.url = new URL(address, this.url);
    this.fireEvent("popstate");
  }

  readonly #history: Pick<History, "pushState" | "replaceState"> = {
    pushState: (_state, _unused, address) => {
      this.url = new URL(String(address), this.url);
    },
    replaceState: (_state, _unused, address) => {
      this.url = new URL(String(address), this.url);
    },
  };

  get scope(): TrackerScope {
    const page = this;
    return {
      document: {
        get cookie() {
          return page.cookie;
        },
        get title() {
          return page.title;
        },
        get visibilityState() {
          return page.visibility;
        },
        get prerendering() {
          return page.prerendering;
        },
        addEventListener: page.document.addEventListener.bind(page.document),
        referrer: page.referrer,
        querySelector: (selector: string) =>
          selector === 'meta[name="coatcheck-page"]' && page.meta !== null ? { content: page.meta } : null,
      } as unknown as TrackerScope["document"],
      get location() {
        return page.url;
      },
      history: page.#history,
      navigator: {
        globalPrivacyControl: page.privacyControl,
        sendBeacon: (path, data) => {
          if (page.acceptsBeacons) page.#recordRequest("beacon", String(path), data as Blob);
          return page.acceptsBeacons;
        },
      },
      performance: { now: () => page.#now },
      crypto,
      fetch: async (path, { body, method, headers, keepalive }) => {
        if (method !== "POST") throw new Error(`Unexpected ${method}`);
        if (body === undefined) page.choiceRequests.push(path);
        else {
          if (!keepalive) throw new Error("The request does not outlive the page.");
          const type = new Headers(headers).get("content-type") ?? "";
          page.#recordRequest("fetch", path, new Blob([String(body)], { type }));
        }
        if (page.status === null) throw new TypeError("Failed to fetch");
        return { ok: page.status < 400, status: page.status };
      },
      setTimeout: (task, delay) => page.#tasks.push({ at: page.#now + delay, task }),
      addEventListener: page.window.addEventListener.bind(page.window) as Window["addEventListener"],
    };
  }

  #recordRequest(by: SentRequest["by"], path: string, blob: Blob): void {
    if (blob.type !== "application/json") throw new Error(`Unexpected type ${blob.type}`);
    const index = this.sentBeacons.push({ by, path, body: { pageId: "", events: [] } }) - 1;
    this.#reads.push(
      blob.text().then((text) => {
        this.sentBeacons[index] = { by, path, body: JSON.parse(text) };
      }),
    );
  }

  /** Waits until responses have arrived. */
  async waitForResponses(): Promise<void> {
    await Promise.all(this.#reads);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The page id that the server has put into a document, because it has already counted the page view. */
export const SERVER_PAGE_ID = "3f1b6c1e-8f0a-4a39-9d62-0a4a3a5d7c11";

/** Creates a page whose document request the server has already counted as a page view. */
export const createPageCountedByServer = (change: Partial<TestPage> = {}) =>
  new TestPage({ meta: SERVER_PAGE_ID, ...change }).startTracker();

/** Returns the types of the events that a page has sent. */
export const listEventTypes = (page: TestPage) => page.events.map(({ type }) => type);
