/**
 * React hooks and components for the session client. They must be rendered inside a `<SessionProvider>`.
 *
 * @example
 * ```ts
 * import { createSessionClient } from "coatcheck/client";
 * import { SessionProvider, useSession } from "coatcheck/react";
 * import { createElement } from "react";
 *
 * function Greeting() {
 *   const { user, isAuthenticated } = useSession<{ name: string }>();
 *   return isAuthenticated ? `Hello ${user.name}` : "Please log in";
 * }
 *
 * const client = createSessionClient<{ name: string }>();
 * export const page = createElement(SessionProvider<{ name: string }>, { client }, createElement(Greeting));
 * ```
 *
 * @module
 */
"use client";

export { useSessionClient } from "./context.ts";
export { DeviceList, type DeviceListLabels } from "./device-list.ts";
export { type ExpiryDialogLabels, SessionExpiryDialog } from "./expiry-dialog.ts";
export { Anonymous, Authenticated, type GateProps } from "./gates.ts";
export { SessionProvider, type SessionProviderProps } from "./provider.ts";
export { type DevicesValue, useDevices } from "./use-devices.ts";
export type { AuthenticatedSession, KnownSession, SessionValue } from "./use-session.ts";
export {
  useCsrfToken,
  useRequireSession,
  useSession,
  useSessionMeta,
  useSuspenseSession,
} from "./use-session.ts";
export { type SessionExpiry, useSessionExpiry } from "./use-session-expiry.ts";
