import { createElement, type ReactNode, useEffect, useState } from "react";
import type { SessionClient, SessionView } from "../client/index.ts";
import { PENDING, toState } from "../client/state.ts";
import { Context, type SessionContext } from "./context.ts";

export interface SessionProviderProps<User = unknown> {
  /** One for each page in the browser, one for each request on a server. Later values of this prop are ignored. */
  readonly client: SessionClient<User>;
  /** The view that the server rendered the page with. Without it the page starts as `pending` and requests the session. */
  readonly initialState?: SessionView<User>;
  readonly children?: ReactNode;
}

/**
 * Provides the session to the components below. With `initialState` the page neither fetches nor flickers, and a component
 * that hydrates late still starts from what the server rendered.
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
      initialState: initialState ? toState(initialState) : PENDING,
      initialToken: initialState?.csrf_token ?? null,
      started: false,
      ready: undefined,
    }),
  );

  useEffect(() => {
    context.started = true;
    if (initialState) client.hydrate(initialState);
    // `$meta` holds the error.
    else client.getSession().catch(() => {});
  }, [context, client, initialState]);

  return createElement(Context, { value: context }, children);
}
