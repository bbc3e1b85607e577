import type { ClientClock } from "./clock.ts";
import type { CsrfTokenCache } from "./csrf.ts";
import { watchPage } from "./page.ts";
import type { Refresh } from "./refresh.ts";
import type { Scope } from "./scope.ts";
import type { SignOut } from "./sign-out.ts";
import type { ViewCache } from "./view-cache.ts";
import type { ViewState } from "./view-state.ts";

interface TriggerDependencies<User> {
  readonly scope: Scope;
  readonly clock: ClientClock;
  readonly csrf: CsrfTokenCache;
  readonly cache: ViewCache<User>;
  readonly state: ViewState<User>;
  readonly refresh: Refresh;
  readonly signOut: SignOut;
  readonly staleTime: number;
  readonly minGap: number;
  readonly focus: boolean;
  readonly reconnect: boolean;
  /** When this controller aborts, the page's listeners are removed. */
  readonly disposal: AbortController;
}

/**
 * Refreshes the view and retries a sign-out when the page is shown, comes online or returns from the back/forward
 * cache. Returns a function that schedules the next check after `delay` milliseconds and cancels the previous check.
 * With a delay of `Infinity`, it only cancels.
 */
export function createTriggers<User>(deps: TriggerDependencies<User>): (delay: number) => void {
  const { scope, clock, csrf, cache, state, refresh, signOut } = deps;
  const { staleTime, minGap, focus, reconnect, disposal } = deps;
  let cancelTimer: (() => void) | undefined;

  function scheduleCheck(delay: number): void {
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
    const wait = minGap - cache.age(refresh.sentAt()) + 1000 * (error?.retryAfter ?? 0);
    if (pendingSignOut) signOut.resume().catch(() => {});
    else if (allowed && !offline && cache.age() >= staleTime) {
      if (wait > 0) scheduleCheck(wait);
      else refresh.join();
    }
  }

  cache.setMeta({ offline: scope.navigator?.onLine === false });
  watchPage(
    scope,
    {
      visibilitychange() {
        csrf.synchronize();
        if (scope.document?.visibilityState === "visible") check(focus);
      },
      pageshow({ persisted }) {
        if (!persisted) return;
        state.supersede();
        cache.hide();
        refresh.join();
      },
      online() {
        cache.setMeta({ offline: false });
        check(reconnect);
      },
      offline: () => cache.expire({ offline: true }),
    },
    disposal.signal,
  );

  return scheduleCheck;
}
