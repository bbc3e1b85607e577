import type { SessionInfo, SessionView } from "../wire.ts";
import type { EndpointCall } from "./api.ts";
import type { ApplyView } from "./apply-view.ts";
import { awaitArrival, type ClientClock } from "./clock.ts";
import type { SessionError } from "./error.ts";
import { createSingleFlight } from "./flight.ts";
import type { RunAlone } from "./lock.ts";
import type { Meter } from "./metrics.ts";
import type { Enqueue } from "./queue.ts";
import { noSessionView } from "./state.ts";
import type { ViewCache } from "./view-cache.ts";

/** Requests the session from the server. */
export interface Refresh {
  /** Starts a refresh, or joins the one in progress. Never rejects; `$session` and `$meta` contain the outcome. */
  join(): Promise<void>;
  /**
   * Returns the session; refreshes first if `fresh` is true or the view is stale. If the refresh fails, it resolves to
   * the last known session, or rejects with a `SessionError` if none is known.
   */
  read(options?: { readonly fresh?: boolean }): Promise<SessionInfo | null>;
  /** Aborts the refresh in progress. The next `join` starts a new one. */
  cancel(): void;
  /** Returns the milliseconds since the last refresh was sent. */
  age(): number;
}

interface RefreshDependencies<User> {
  readonly call: EndpointCall;
  readonly cache: ViewCache<User>;
  readonly applyView: ApplyView<User>;
  readonly enqueue: Enqueue;
  readonly clock: ClientClock;
  readonly meter: Meter;
  readonly runAlone: RunAlone;
  /** Milliseconds after which a view is stale. */
  readonly staleTime: number;
  /** Schedules another refresh after a short time. */
  scheduleCheck(): void;
}

export function createRefresh<User>(deps: RefreshDependencies<User>): Refresh {
  const { call, cache, enqueue, clock, applyView, runAlone, staleTime, scheduleCheck } = deps;
  const { counts } = deps.meter;
  let sentAt = 0;
  let running: AbortController | undefined;

  /**
   * Handles a failed refresh. Only a `SESSION_…` code of the server ends the session. After a timeout, an HTML page or
   * a 500, the session is marked as stale and stays, because an outage must not log users out.
   */
  function fail(error: SessionError): void {
    if (error.code.startsWith("SESSION_"))
      applyView(noSessionView(error.code === "SESSION_REVOKED" ? "revoked" : "expired"));
    else {
      cache.expire({ error });
      // The response with the newer cookie may still arrive, or may be lost.
      if (error.code === "CONFLICT") scheduleCheck();
    }
  }

  async function request(): Promise<void> {
    running = new AbortController();
    const { signal } = running;
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
        (view) => signal.aborted || applyView(view),
        (error: SessionError) => signal.aborted || fail(error),
      );
      cache.setMeta({ fetching: false });
    });
  }

  const flight = createSingleFlight(request, () => counts.deduped++);

  return {
    join: flight.join,
    cancel() {
      running?.abort();
      flight.forget();
    },
    // If the machine's clock was set back, the absolute value allows the next refresh. Otherwise it would wait for too
    // long.
    age: () => Math.abs(clock.now() - sentAt),
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
