import type { SessionView } from "../wire.ts";
import type { EndpointCall } from "./api.ts";
import type { ApplyView } from "./apply-view.ts";
import type { CsrfTokenCache } from "./csrf.ts";
import { createSingleFlight } from "./flight.ts";
import type { RunAlone } from "./lock.ts";

interface InitDependencies<User> {
  readonly call: EndpointCall;
  readonly csrf: CsrfTokenCache;
  readonly applyView: ApplyView<User>;
  readonly runAlone: RunAlone;
}

/**
 * Returns a function that requests a CSRF token from the server. Concurrent callers share one request. The function
 * never rejects; it resolves to false if the server sent no token.
 */
export function createInitSession<User>({ call, csrf, applyView, runAlone }: InitDependencies<User>) {
  return createSingleFlight(() => {
    const before = csrf.$token.get();
    return runAlone(async () => {
      csrf.synchronize();
      // Another tab may have received a new token while this one waited for the lock.
      if (csrf.$token.get() === before) applyView(await call<SessionView<User>>("POST", "/init"));
    }).then(
      () => true,
      () => false,
    );
  }).join;
}
