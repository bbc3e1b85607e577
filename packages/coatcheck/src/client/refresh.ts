import type { SessionInfo, SessionView } from "../wire.ts";
import type { EndpointCall } from "./api.ts";
import { awaitArrival, type ClientClock } from "./clock.ts";
import type { SessionError } from "./error.ts";
import { createSingleFlight, type SingleFlight } from "./flight.ts";
import type { RunAlone } from "./lock.ts";
import type { Meter } from "./metrics.ts";
import type { Enqueue } from "./queue.ts";
import type { ViewCache } from "./view-cache.ts";
import type { ViewState } from "./view-state.ts";

/** Requests the session from the server. `join` never rejects; `$session` and `$meta` contain the outcome. */
export interface Refresh extends SingleFlight<void> {
  /**
   * Returns the session; refreshes first if `fresh` is true or the view is stale. If the refresh fails, it resolves to
   * the last known session, or rejects with a `SessionError` if none is known.
   */
  read(options?: { readonly fresh?: boolean }): Promise<SessionInfo | null>;
  /** Returns the time at which the last refresh was sent, in epoch milliseconds. 0 before the first refresh. */
  sentAt(): number;
}

interface RefreshDependencies<User> {
  readonly call: EndpointCall;
  readonly cache: ViewCache<User>;
  readonly state: ViewState<User>;
  readonly enqueue: Enqueue;
  readonly clock: ClientClock;
  readonly meter: Meter;
  readonly runAlone: RunAlone;
  /** Milliseconds after which a view is stale. */
  readonly staleTime: number;
}

export function createRefresh<User>(deps: RefreshDependencies<User>): Refresh {
  const { call, cache, enqueue, clock, state, runAlone, staleTime } = deps;
  const { counts } = deps.meter;
  let sentAt = 0;

  async function request(): Promise<void> {
    const signal = state.generation();
    // Wait for a login or sign-out that is in progress.
    await enqueue(async () => {});
    await runAlone(async (waited) => {
      // The tab that held the lock sends its view to this tab.
      if (waited && !signal.aborted) await awaitArrival(clock);
      if (signal.aborted) return;
      sentAt = clock.now();
      cache.setMeta({ fetching: true });
      counts.fetches++;
      await call<SessionView<User>>("GET", "", undefined, signal).then(
        (view) => signal.aborted || state.applyView(view),
        (error: SessionError) => signal.aborted || state.fail(error),
      );
      cache.setMeta({ fetching: false });
    });
  }

  const flight = createSingleFlight(request, () => counts.deduped++);

  return {
    ...flight,
    sentAt: () => sentAt,
    async read({ fresh } = {}) {
      if (fresh || cache.age() >= staleTime) {
        counts.misses++;
        await flight.join();
        const { error } = cache.$meta.get();
        if (error) {
          if (cache.$session.get().status === "pending") throw error;
          counts.staleServes++;
        }
      } else counts.hits++;
      return cache.session();
    },
  };
}
