import type { Scope } from "./scope.ts";

/** What happens to a page that may make its session worth asking about, by the names of the browser's events. */
export interface PageEvents {
  /** Shown or hidden. `focus` is left out: it fires for every dialog and frame. */
  visibilitychange?(): void;
  /** With `persisted`: back from the back/forward cache, with whatever it showed when it went in. */
  pageshow?(event: PageTransitionEvent): void;
  online?(): void;
  offline?(): void;
  /** Another page of this origin stored something. */
  storage?(event: StorageEvent): void;
}

/** Listens until `signal` ends. */
export function watchPage(scope: Scope, events: PageEvents, signal: AbortSignal): void {
  for (const [type, listener] of Object.entries(events)) scope.addEventListener?.(type, listener, { signal });
}
