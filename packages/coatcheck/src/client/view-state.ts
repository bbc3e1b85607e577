import type { SessionView } from "../wire.ts";
import type { ClientClock } from "./clock.ts";
import type { CsrfTokenCache } from "./csrf.ts";
import type { Debug } from "./debug.ts";
import type { SessionError } from "./error.ts";
import { noSessionView } from "./state.ts";
import type { TabAction, TabMessage } from "./tabs.ts";
import type { ViewCache } from "./view-cache.ts";

/**
 * The state machine behind `$session`. It applies the views that the server and the other tabs send.
 *
 * Each view starts a new generation and aborts the refresh of the previous one, because a late response must not undo a
 * login or a sign-out that happened after the request was sent.
 */
export interface ViewState<User> {
  /** The signal of the current generation. It aborts when a newer view arrives. */
  generation(): AbortSignal;
  /** Starts a new generation without applying a view. */
  supersede(): void;
  /**
   * Applies a view, together with the user's action that caused it. Pass `receivedAt` (epoch milliseconds) for a view
   * that another tab has received, so that it is not sent to the tabs again.
   */
  applyView(view: SessionView<User>, action?: TabAction, receivedAt?: number): void;
  /**
   * Handles a failed refresh. Only a `SESSION_…` code of the server ends the session. After a timeout, an HTML page or
   * a 500, the session is marked as stale and stays, because an outage must not log users out.
   */
  fail(error: SessionError): void;
}

interface ViewStateDependencies<User> {
  readonly cache: ViewCache<User>;
  readonly csrf: CsrfTokenCache;
  readonly clock: ClientClock;
  readonly debug: Debug;
  /** Runs at the start of each generation, that is, when a newer view has arrived or {@link supersede} is called. */
  onSupersede(): void;
  /** Runs after each view that the cache has stored. `receivedAt` is set if another tab received the view. */
  onApply(message: TabMessage<User>, receivedAt?: number): void;
  /** Runs after a refresh with an older token. The response with the newer token may still arrive, or may be lost. */
  onConflict(): void;
}

export function createViewState<User>(deps: ViewStateDependencies<User>): ViewState<User> {
  const { cache, clock, csrf, debug, onSupersede, onApply, onConflict } = deps;
  let generation = new AbortController();

  function supersede(): void {
    generation.abort();
    generation = new AbortController();
    onSupersede();
  }

  function applyView(view: SessionView<User>, action: TabAction = {}, receivedAt?: number): void {
    const at = receivedAt ?? clock.now();
    csrf.update(view.csrf_token, "view");
    supersede();
    const isApplied = cache.apply(view, at, action);
    debug(isApplied ? "view-applied" : "view-ignored", receivedAt ? "tab" : "page");
    if (isApplied) onApply({ view, at, action }, receivedAt);
  }

  return {
    generation: () => generation.signal,
    supersede,
    applyView,
    fail(error) {
      if (error.code.startsWith("SESSION_"))
        applyView(noSessionView(error.code === "SESSION_REVOKED" ? "revoked" : "expired"));
      else {
        cache.expire({ error });
        if (error.code === "CONFLICT") onConflict();
      }
    },
  };
}
