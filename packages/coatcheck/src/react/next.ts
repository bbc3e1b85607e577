/**
 * The session provider for Next.js. It starts with the server's session, and reloads the server components when the
 * session ends or another user logs in.
 *
 * @example
 * ```ts
 * "use client";
 *
 * import { ServerSessionProvider } from "coatcheck/react/next";
 * import { createElement } from "react";
 *
 * type Props = Parameters<typeof ServerSessionProvider<{ name: string }>>[0];
 *
 * // In the layout: <Session initialState={await getServerSessionState()}>{children}</Session>
 * export function Session(props: Props) {
 *   return createElement(ServerSessionProvider<{ name: string }>, props);
 * }
 * ```
 *
 * @module
 */
"use client";

import { useRouter } from "next/navigation.js";
import { createElement, type ReactNode, useEffect, useRef, useState } from "react";
import {
  createSessionClient,
  followEvents,
  type SessionClientOptions,
  type SessionView,
} from "../client/index.ts";
import type { PendingState } from "../client/state.ts";
import { SessionProvider } from "./provider.ts";

export interface ServerSessionProviderProps<User = unknown> {
  /** The result of `getServerSessionState()`. */
  readonly initialState: SessionView<User> | PendingState;
  /** Options of the client. The provider uses the first value of this prop only. */
  readonly options?: Omit<SessionClientOptions<User>, "initialState">;
  /**
   * Whether the page opens the server's event stream, which reports a revocation immediately. Requires the session
   * endpoints of `coatcheck/routes/next`. Default: true.
   */
  readonly events?: boolean;
  readonly children?: ReactNode;
}

/**
 * Provides the session to client components. The first render has the session, without a request and without flicker.
 * The router reloads the page's server components when the session ends or another user logs in, in any tab or on any
 * device.
 */
export function ServerSessionProvider<User>(props: ServerSessionProviderProps<User>): ReactNode {
  const { initialState, options, events = true, children } = props;
  const router = useRouter();
  const [client] = useState(() => createSessionClient<User>(options));
  const rendered = useRef<string | null>(null);
  const subject = initialState.session?.subject ?? null;

  useEffect(() => {
    rendered.current = subject;
  }, [subject]);

  useEffect(
    () =>
      client.$session.listen(({ status, session }) => {
        if (status !== "pending" && (session?.subject ?? null) !== rendered.current) router.refresh();
      }),
    [client, router],
  );

  useEffect(
    () => (events ? followEvents(client, `${options?.baseUrl ?? "/session"}/events`) : undefined),
    [client, events, options?.baseUrl],
  );

  const initialProps = initialState.status === "pending" ? {} : { initialState };
  return createElement(SessionProvider<User>, { client, ...initialProps }, children);
}
