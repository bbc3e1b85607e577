import type { JsonObject } from "../../session/json.ts";
import type { BeaconEvent } from "../beacon.ts";
import { createUuid, type TrackerScope } from "./scope.ts";
import { Sender } from "./sender.ts";

/** Options of {@link startTracker}. */
export interface TrackerOptions {
  /** Path of the beacon route. Default: `/session/visit`. */
  readonly path?: string;
  /** The browser's global object, for tests. */
  readonly scope?: TrackerScope;
}

/** The tracker of a page. `track` does nothing on a server. It also does nothing if Global Privacy Control is on. */
export interface Tracker {
  /**
   * Reports an event of the application within a second, or when the page is hidden. Ignores an event with more than
   * 20,000 characters of JSON.
   */
  track(name: string, properties?: JsonObject): void;
  /**
   * Stops the collection, in this page and on the server. Rejects if the server has not confirmed it; even then, this
   * page sends nothing more.
   */
  optOut(): Promise<void>;
  /**
   * Allows the collection again. This page is counted as the first page of a new visitor. Rejects if the server has
   * not confirmed it.
   */
  optIn(): Promise<void>;
}

/**
 * Reports the page views and the visible time of the current document. Call it once per document.
 *
 * If the server has counted the document, the document contains its page id in `<meta name="coatcheck-page"
 * content="…">`; otherwise its first beacon reports the page view. Navigation by `history`, a return from the
 * back/forward cache and the display of a prerendered page are separate page views.
 *
 * @example
 * const tracker = startTracker();
 * tracker.track("video_started", { video: "how-tacos-are-made" });
 */
export function startTracker(options: TrackerOptions = {}): Tracker {
  const scope = options.scope ?? (globalThis as unknown as TrackerScope);
  const page = scope.document && new TrackedPage(scope, options.path ?? "/session/visit");
  return {
    track: (name, properties) => page?.track(name, properties),
    optOut: async () => page?.choose("opt-out"),
    optIn: async () => page?.choose("opt-in"),
  };
}

class TrackedPage {
  readonly #scope: TrackerScope;
  readonly #path: string;
  readonly #sender: Sender;
  #isOff: boolean;
  #pageId = "";
  /** Path and query of the current page view. */
  #address = "";
  /** When the page became visible or last reported its visible time; null while it is hidden. */
  #visibleSince: number | null = null;

  constructor(scope: TrackerScope, path: string) {
    this.#scope = scope;
    this.#path = path;
    this.#sender = new Sender(scope, path);
    this.#isOff = this.#hasRefused() || hasOptedOut(scope);
    this.#runOnceDisplayed(() => this.#start());
  }

  track(type: string, properties: JsonObject = {}): void {
    // Copies the properties, so that later changes by the application do not affect the event.
    const copy = JSON.parse(JSON.stringify(properties));
    this.#runOnceDisplayed(() => this.#addEvent(type, { properties: copy }));
  }

  async choose(choice: "opt-in" | "opt-out"): Promise<void> {
    this.#isOff = true;
    this.#sender.clear();
    const { ok, status } = await this.#scope.fetch(`${this.#path}/${choice}`, { method: "POST" });
    if (!ok) throw new Error(`The ${choice} failed with status ${status}.`);
    if (choice === "opt-out") return;
    this.#isOff = this.#hasRefused();
    this.#beginView();
  }

  /** Runs `task` now. If the browser prerenders the page, runs it when the page is displayed. */
  #runOnceDisplayed(task: () => void): void {
    const { document } = this.#scope;
    // The event is dispatched to the document only; it does not bubble to the window.
    if (document.prerendering) document.addEventListener("prerenderingchange", task, { once: true });
    else task();
  }

  #hasRefused(): boolean {
    return this.#scope.navigator.globalPrivacyControl === true;
  }

  #start(): void {
    const scope = this.#scope;
    const { document } = scope;
    const serverPageId = document.querySelector<HTMLMetaElement>('meta[name="coatcheck-page"]')?.content;
    this.#beginView(serverPageId, document.referrer.slice(0, 2048));
    scope.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") return this.#onHidden();
      this.#visibleSince ??= scope.performance.now();
      this.#sender.schedule();
    });
    // Some browsers unload a page without hiding it first.
    scope.addEventListener("pagehide", () => this.#onHidden());
    scope.addEventListener("pageshow", ({ persisted }) => {
      if (persisted) this.#beginView();
    });
    scope.addEventListener("popstate", () => this.#onNavigation(true));
    this.#watchHistory("pushState", true);
    // `replaceState` is not a page view if only the query changes: applications use it to store the state of a form.
    this.#watchHistory("replaceState", false);
  }

  #watchHistory(method: "pushState" | "replaceState", countsQuery: boolean): void {
    const { history } = this.#scope;
    const original = history[method];
    history[method] = (...values) => {
      original.apply(history, values);
      this.#onNavigation(countsQuery);
    };
  }

  #onNavigation(countsQuery: boolean): void {
    const { pathname, search } = this.#scope.location;
    const isSamePath = this.#address.split("?")[0] === pathname;
    if (isSamePath && (!countsQuery || this.#address === pathname + search)) {
      this.#address = pathname + search;
      return;
    }
    const time = this.#visibleTime();
    if (time) this.#addEvent("page_time", time);
    this.#sender.send();
    this.#beginView();
  }

  #onHidden(): void {
    if (this.#visibleSince === null) return;
    const time = this.#visibleTime();
    this.#visibleSince = null;
    if (!this.#isOff) this.#sender.sendLast(this.#pageId, time && this.#createEvent("page_time", time));
  }

  /** Begins a page view. If the server has given no page id, a beacon reports the view. */
  #beginView(counted?: string, referrer = ""): void {
    const { location, document, performance } = this.#scope;
    this.#pageId = counted || createUuid(this.#scope);
    this.#address = location.pathname + location.search;
    this.#visibleSince = document.visibilityState === "hidden" ? null : performance.now();
    const query = location.search.slice(0, 4096);
    if (!counted) this.#addEvent("page_view", { ...(query && { query }), ...(referrer && { referrer }) });
  }

  #visibleTime(): { readonly visibleTime: number } | null {
    if (this.#visibleSince === null) return null;
    const visibleTime = Math.round(this.#scope.performance.now() - this.#visibleSince);
    return visibleTime > 0 ? { visibleTime } : null;
  }

  #addEvent(type: string, fields: Partial<BeaconEvent>): void {
    if (!this.#isOff) this.#sender.add(this.#pageId, this.#createEvent(type, fields));
  }

  #createEvent(type: string, fields: Partial<BeaconEvent>) {
    const path = this.#address.split("?")[0]?.slice(0, 1024) ?? "";
    return { type, id: createUuid(this.#scope), path, ...fields };
  }
}

function hasOptedOut({ document }: TrackerScope): boolean {
  try {
    return /\bvisitor_optout=1/.test(document.cookie);
  } catch {
    // Reading cookies throws in a sandboxed frame.
    return false;
  }
}
