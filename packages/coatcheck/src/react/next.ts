/**
 * The session provider for Next.js: seeded from the server, and followed by the server's pages.
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
  /** The state that `getServerSessionState()` returned. */
  readonly initialState: SessionView<User> | PendingState;
  /** Options of the client. Later values of this prop are ignored. */
  readonly options?: Omit<SessionClientOptions<User>, "initialState">;
  /**
   * Whether the page follows the server's event stream, so that it learns of a revocation immediately. Needs the session endpoints
   * of `coatcheck/routes/next`. Default: true.
   */
  readonly events?: boolean;
  readonly children?: ReactNode;
}

/**
 * Provides the session to client components. The page neither fetches it nor flickers. When the session ends, or another
 * user logs in, in another tab or on another device, the router asks the server for the page again.
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

  const known = initialState.status === "pending" ? {} : { initialState };
  return createElement(SessionProvider<User>, { client, ...known }, children);
}
