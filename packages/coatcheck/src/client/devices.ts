import type { Call } from "./api.ts";
import type { Device } from "./wire.ts";

/** Where the subject is logged in. Each call may fail with `REAUTHENTICATION_REQUIRED`: then `elevate` first. */
export interface Devices {
  list(): Promise<readonly Device[]>;
  /** Ends one. Ending the current one signs out here. */
  revoke(id: string): Promise<void>;
  /** Ends all but this one. */
  revokeOthers(): Promise<void>;
  /** Ends all, this one included. */
  revokeAll(): Promise<void>;
}

/** `ended` runs after each end, since it may have been this page's own session. */
export function createDevices(call: Call, ended: () => Promise<void>): Devices {
  const end = (which: string) => call("DELETE", `/devices${which}`).then(ended);
  return {
    list: () => call("GET", "/devices"),
    revoke: (id) => end(`/${id}`),
    revokeOthers: () => end("?others"),
    revokeAll: () => end("?all"),
  };
}
