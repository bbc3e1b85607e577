import type { Call } from "./api.ts";
import type { SessionError } from "./error.ts";
import { singleFlight } from "./flight.ts";
import type { Enqueue } from "./queue.ts";
import { requireLogoutOptions } from "./require-options.ts";
import type { LogoutOptions } from "./session-client.ts";
import { noSession } from "./state.ts";
import type { ViewCache } from "./view-cache.ts";
import type { ViewState } from "./view-state.ts";

/** Tells the server that the user has signed out, and remembers how, until the server knows. */
export interface SignOut {
  /** Signs out. Rejects with a `SessionError` if the server could not be told. */
  start(options?: LogoutOptions): Promise<void>;
  /** Tells the server of the last sign-out again. Concurrent callers share one request. */
  resume(): Promise<void>;
  /** Remembers a sign-out, as another tab started it, for `resume`. Without options it changes nothing. */
  remember(options?: LogoutOptions): void;
}

interface SignOutDependencies<User> {
  readonly call: Call;
  readonly cache: ViewCache<User>;
  readonly state: ViewState<User>;
  readonly enqueue: Enqueue;
}

export function createSignOut<User>({ call, cache, state, enqueue }: SignOutDependencies<User>): SignOut {
  let last: LogoutOptions = {};

  const request = singleFlight(() =>
    enqueue(async () => {
      cache.setMeta({ signOut: "pending" });
      // The other tabs learn of it before the server does, so that none of them sends a request for the signed-out
      // user.
      if (last.optimistic !== false) state.applyView(noSession("signed-out"), { signOut: last });
      try {
        await call("DELETE", last.everywhere ? "?everywhere" : "");
      } catch (error) {
        cache.setMeta({ signOut: "failed" });
        // The server has ended nothing and demands a recent login: the user is still logged in.
        if ((error as SessionError).status === 403) state.applyView(await call("GET", ""), { login: true });
        throw error;
      }
      state.applyView(noSession("signed-out"));
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
