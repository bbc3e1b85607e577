import type { EndpointCall } from "./api.ts";
import type { ApplyView } from "./apply-view.ts";
import type { SessionError } from "./error.ts";
import { createSingleFlight } from "./flight.ts";
import type { Enqueue } from "./queue.ts";
import { requireLogoutOptions } from "./require-options.ts";
import type { LogoutOptions } from "./session-client.ts";
import { noSessionView } from "./state.ts";
import type { ViewCache } from "./view-cache.ts";

/** Sends a sign-out to the server, and remembers its options until the server has confirmed. */
export interface SignOut {
  /** Signs out. Rejects with a `SessionError` if the request failed. */
  start(options?: LogoutOptions): Promise<void>;
  /** Sends the last sign-out again. Concurrent callers share one request. */
  resume(): Promise<void>;
  /**
   * Remembers the options of a sign-out that another tab has started, so that `resume` can send it. Ignores undefined.
   */
  remember(options?: LogoutOptions): void;
}

interface SignOutDependencies<User> {
  readonly call: EndpointCall;
  readonly cache: ViewCache<User>;
  readonly applyView: ApplyView<User>;
  readonly enqueue: Enqueue;
}

export function createSignOut<User>({ call, cache, applyView, enqueue }: SignOutDependencies<User>): SignOut {
  let last: LogoutOptions = {};

  const request = createSingleFlight(() =>
    enqueue(async () => {
      cache.setMeta({ signOut: "pending" });
      // Notify the other tabs before the request to the server is sent, so that no tab sends another request for the
      // signed-out user.
      if (last.optimistic !== false) applyView(noSessionView("signed-out"), { signOut: last });
      try {
        await call("DELETE", last.everywhere ? "?everywhere" : "");
      } catch (error) {
        cache.setMeta({ signOut: "failed" });
        // The server requires a recent login and has ended no session, so the user is still logged in.
        if ((error as SessionError).status === 403) applyView(await call("GET", ""), { login: true });
        throw error;
      }
      applyView(noSessionView("signed-out"));
    }),
  );

  return {
    start(options = {}) {
      if (process.env.NODE_ENV !== "production") requireLogoutOptions(options);
      last = options;
      request.forget();
      return request.join();
    },
    resume: request.join,
    remember(options = last) {
      last = options;
    },
  };
}
