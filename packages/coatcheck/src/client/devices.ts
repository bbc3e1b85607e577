import type { Device } from "../wire.ts";
import type { EndpointCall } from "./api.ts";

/**
 * The devices on which the user is logged in. Every method rejects with a `SessionError`; if its code is
 * `REAUTHENTICATION_REQUIRED`, call `elevate` and try again.
 */
export interface Devices {
  list(): Promise<readonly Device[]>;
  /** Ends the session of one device. If it is the current device, this page is signed out. */
  revoke(id: string): Promise<void>;
  /** Ends the sessions of all devices except this one. */
  revokeOthers(): Promise<void>;
  /** Ends the sessions of all devices, including this one. */
  revokeAll(): Promise<void>;
}

/**
 * Creates the device calls. `refresh` runs after each revocation, because the revoked session may be this page's
 * session.
 */
export function createDevices(call: EndpointCall, refresh: () => Promise<void>): Devices {
  const revoke = (target: string) => call("DELETE", `/devices${target}`).then(refresh);
  return {
    list: () => call("GET", "/devices"),
    revoke: (id) => revoke(`/${id}`),
    revokeOthers: () => revoke("?others"),
    revokeAll: () => revoke("?all"),
  };
}
