import type { Scope } from "./scope.ts";

/**
 * Handlers of window events, by the browser's event name. After each of these events, the client may request the
 * session.
 */
export interface PageEvents {
  /** The page was shown or hidden. The client does not use `focus`, which also fires for dialogs and frames. */
  visibilitychange?(): void;
  /** The page was shown. With `persisted`, it returned from the back/forward cache and still has its old content. */
  pageshow?(event: PageTransitionEvent): void;
  online?(): void;
  offline?(): void;
  /** Another page of this origin changed the local storage. */
  storage?(event: StorageEvent): void;
}

/** Listens to the window's events until `signal` aborts. */
export function watchPage(scope: Scope, events: PageEvents, signal: AbortSignal): void {
  for (const [type, listener] of Object.entries(events)) scope.addEventListener?.(type, listener, { signal });
}
