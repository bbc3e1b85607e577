import type { ClientClock } from "./clock.ts";
import type { CsrfTokenCache } from "./csrf.ts";
import type { Revalidate } from "./options.ts";
import type { Refresh } from "./refresh.ts";
import type { Scope } from "./scope.ts";
import type { SignOut } from "./sign-out.ts";
import type { ViewCache } from "./view-cache.ts";

/** The window's events, including those of its document. */
type PageEventMap = WindowEventMap & Pick<DocumentEventMap, "visibilitychange">;

interface TriggerDependencies<User> extends Pick<Revalidate, "minGap" | "focus" | "reconnect"> {
  readonly scope: Scope;
  readonly clock: ClientClock;
  readonly csrf: CsrfTokenCache;
  readonly cache: ViewCache<User>;
  readonly refresh: Refresh;
  readonly signOut: SignOut;
  readonly staleTime: number;
  /** When this controller aborts, the page's listeners are removed. */
  readonly disposal: AbortController;
}

/**
 * Refreshes the view and retries a sign-out when the page is shown, comes online or returns from the back/forward
 * cache. Returns a function that schedules the next check after `delay` milliseconds (default: `minGap`) and cancels
 * the previous check. With a delay of `Infinity`, it only cancels.
 */
export function createTriggers<User>(deps: TriggerDependencies<User>): (delay?: number) => void {
  const { scope, clock, csrf, cache, refresh, signOut, staleTime, disposal } = deps;
  const { minGap = 5_000, focus = true, reconnect = true } = deps;
  let cancelTimer: (() => void) | undefined;

  function scheduleCheck(delay = minGap): void {
    cancelTimer?.();
    // Browsers run a timer with a delay of 2^31 ms or more immediately.
    if (delay < 2 ** 31)
      cancelTimer = clock.schedule(delay, () => {
        cache.expire();
        check(true);
      });
  }

  /** Refreshes a stale view. If the last refresh was too recent, checks again once `minGap` has passed. */
  function check(allowed: boolean): void {
    const { offline, signOut: pendingSignOut, error } = cache.$meta.get();
    const wait = minGap - refresh.age() + 1000 * (error?.retryAfter ?? 0);
    if (pendingSignOut) signOut.resume().catch(() => {});
    else if (allowed && !offline && cache.age() >= staleTime) {
      if (wait > 0) scheduleCheck(wait);
      else refresh.join();
    }
  }

  const on = <Type extends keyof PageEventMap>(type: Type, listener: (event: PageEventMap[Type]) => void) =>
    scope.addEventListener?.(type, listener as EventListener, { signal: disposal.signal });

  cache.setMeta({ offline: scope.navigator?.onLine === false });
  // Do not use `focus`, which also fires for dialogs and frames.
  on("visibilitychange", () => {
    csrf.synchronize();
    if (scope.document?.visibilityState === "visible") check(focus);
  });
  on("pageshow", ({ persisted }) => {
    // Only a page from the back/forward cache still has its old content.
    if (!persisted) return;
    refresh.cancel();
    cache.hide();
    refresh.join();
  });
  on("online", () => {
    cache.setMeta({ offline: false });
    check(reconnect);
  });
  on("offline", () => cache.expire({ offline: true }));

  return scheduleCheck;
}
