import { createContext, useContext } from "react";
import type { SessionClient } from "../client/index.ts";
import type { ClientState } from "../client/state.ts";

/**
 * The values that one provider passes to the components below it. Never store them in a module variable, because a
 * server renders pages for many users at once.
 */
export interface SessionContext {
  readonly client: SessionClient;
  /**
   * The state with which the server rendered the page. Every component hydrates with this state, even if it hydrates
   * late.
   */
  readonly initialState: ClientState;
  readonly initialToken: string | null;
  /** True once the provider has been mounted. From then on, components use the client's current state. */
  isMounted: boolean;
  /** The promise that suspended components wait for. It resolves when the status is no longer `pending`. */
  readyPromise: Promise<unknown> | undefined;
}

export const ReactSessionContext = createContext<SessionContext | null>(null);

/** Returns the nearest provider's context. Throws if there is none. */
export function useSessionContext(): SessionContext {
  const context = useContext(ReactSessionContext);
  if (!context) throw new Error("Missing <SessionProvider>: render this component inside it.");
  return context;
}

/**
 * Returns the client of the nearest provider, to call `createSession`, `logout`, `elevate` or `fetch`. Changes of the
 * session do not re-render the component; use `useSession` to read the session.
 */
export function useSessionClient<User = unknown>(): SessionClient<User> {
  return useSessionContext().client as SessionClient<User>;
}
