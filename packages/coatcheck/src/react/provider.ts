import { createElement, type ReactNode, useEffect, useState } from "react";
import type { SessionClient, SessionView } from "../client/index.ts";
import { PENDING, toState } from "../client/state.ts";
import { Context, type SessionContext } from "./context.ts";

export interface SessionProviderProps<User = unknown> {
  /** One per page in the browser, one per request on a server; the provider keeps the one it is first given. */
  readonly client: SessionClient<User>;
  /** What the server knew when it rendered the page. Without it the page starts as `pending` and asks. */
  readonly initialState?: SessionView<User>;
  readonly children?: ReactNode;
}

/**
 * Gives the components below one session. With `initialState` nothing is fetched, nothing flashes, and a component that
 * hydrates late still starts from what the server rendered.
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
      first: initialState ? toState(initialState) : PENDING,
      firstToken: initialState?.csrf_token ?? null,
      started: false,
      known: undefined,
    }),
  );

  useEffect(() => {
    context.started = true;
    if (initialState) client.hydrate(initialState);
    // Why it went unanswered is in `$meta`.
    else client.getSession().catch(() => {});
  }, [context, client, initialState]);

  return createElement(Context, { value: context }, children);
}
