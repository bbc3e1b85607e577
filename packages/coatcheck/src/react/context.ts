import { createContext, useContext } from "react";
import type { SessionClient } from "../client/index.ts";
import type { ClientState } from "../client/state.ts";

/** What one provider hands down. Nothing of it is in a module, since a server renders for many users at once. */
export interface SessionContext {
  readonly client: SessionClient;
  /** What the server rendered with: the first state of every component, whenever it hydrates. */
  readonly first: ClientState;
  readonly firstToken: string | null;
  /** The client has taken `first` over: from now on its own state counts. */
  started: boolean;
  /** What suspended components wait for: the end of being `pending`. */
  known: Promise<unknown> | undefined;
}

export const Context = createContext<SessionContext | null>(null);

/** The nearest provider's context; throws where there is none. */
export function useSessionContext(): SessionContext {
  const context = useContext(Context);
  if (!context) throw new Error("There is no <SessionProvider> above this component.");
  return context;
}
