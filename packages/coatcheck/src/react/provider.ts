import { createElement, type ReactNode, useEffect, useState } from "react";
import type { SessionClient, SessionView } from "../client/index.ts";
import { PENDING_STATE, toState } from "../client/state.ts";
import { ReactSessionContext, type SessionContext } from "./context.ts";

export interface SessionProviderProps<User = unknown> {
  /**
   * The client: one for each page in a browser, one for each request on a server. The provider uses the first value
   * only.
   */
  readonly client: SessionClient<User>;
  /**
   * The session view with which the server rendered the page. If absent, the page starts as `pending` and requests the
   * session.
   */
  readonly initialState?: SessionView<User>;
  readonly children?: ReactNode;
}

/**
 * Provides the session to the components below. With `initialState`, the first render has the session, without a
 * request and without flicker. A component that hydrates late also starts with this state.
 *
 * @example
 * <SessionProvider client={client} initialState={view}>…</SessionProvider>
 */
export function SessionProvider<User>({
  client,
  initialState,
  children,
}: SessionProviderProps<User>): ReactNode {
  const [context] = useState(
    (): SessionContext => ({
      client,
      initialState: initialState ? toState(initialState) : PENDING_STATE,
      initialToken: initialState?.csrf_token ?? null,
      isMounted: false,
      readyPromise: undefined,
    }),
  );

  useEffect(() => {
    context.isMounted = true;
    if (initialState) client.hydrate(initialState);
    // Ignore the rejection: `$meta` contains the error.
    else client.getSession().catch(() => {});
  }, [context, client, initialState]);

  return createElement(ReactSessionContext, { value: context }, children);
}
