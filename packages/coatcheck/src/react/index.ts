"use client";

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
