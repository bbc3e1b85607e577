import type { SessionView } from "../wire.ts";
import type { Call } from "./api.ts";
import type { Csrf } from "./csrf.ts";
import { singleFlight } from "./flight.ts";
import type { Exclusive } from "./lock.ts";
import type { ViewState } from "./view-state.ts";

interface InitDependencies<User> {
  readonly call: Call;
  readonly csrf: Csrf;
  readonly state: ViewState<User>;
  readonly exclusive: Exclusive;
}

/**
 * Returns a function that requests a CSRF token from the server. Concurrent callers share one request. The function
 * never rejects; it resolves to false if the server sent no token.
 */
export function createInitSession<User>({ call, csrf, state, exclusive }: InitDependencies<User>) {
  return singleFlight(() => {
    const before = csrf.$token.get();
    return exclusive(async () => {
      csrf.synchronize();
      // Another tab may have received a new token while this one waited for the lock.
      if (csrf.$token.get() === before) state.applyView(await call<SessionView<User>>("POST", "/init"));
    }).then(
      () => true,
      () => false,
    );
  }).join;
}
