import { createContext, useContext } from "react";
import type { SessionClient } from "../client/index.ts";
import type { ClientState } from "../client/state.ts";

/**
 * The values that one provider passes to the components below it. They are never kept in a module: a server renders for
 * many users at once.
 */
export interface SessionContext {
  readonly client: SessionClient;
  /** The state that the server rendered with. Every component hydrates with it, however late. */
  readonly initialState: ClientState;
  readonly initialToken: string | null;
  /** The provider has been mounted, and the client's own state counts from now on. */
  started: boolean;
  /** The promise that suspended components wait for: the end of `pending`. */
  ready: Promise<unknown> | undefined;
}

export const Context = createContext<SessionContext | null>(null);

/** Returns the nearest provider's context. Throws if there is none. */
export function useSessionContext(): SessionContext {
  const context = useContext(Context);
  if (!context) throw new Error("Missing <SessionProvider>: render this component below one.");
  return context;
}

/**
 * Returns the client of the nearest provider, for its calls: `createSession`, `logout`, `elevate`, `fetch`. Its state does
 * not render a component again; read that with `useSession`.
 */
export function useSessionClient<User = unknown>(): SessionClient<User> {
  return useSessionContext().client as SessionClient<User>;
}
