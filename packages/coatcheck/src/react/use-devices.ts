import { useCallback, useEffect, useState } from "react";
import type { Device, SessionError } from "../client/index.ts";
import { useSessionContext } from "./context.ts";
import { useSession } from "./use-session.ts";

/** The devices on which the user is logged in, and the functions that sign them out. */
export interface DevicesValue {
  /** Null until the list has been loaded, and while no user is logged in. */
  readonly devices: readonly Device[] | null;
  readonly loading: boolean;
  /**
   * The error of the last call, if it failed. For the code `REAUTHENTICATION_REQUIRED`, call `elevate` and try again.
   */
  readonly error: SessionError | null;
  reload(): Promise<void>;
  revoke(id: string): Promise<void>;
  revokeOthers(): Promise<void>;
  revokeAll(): Promise<void>;
}

/** Returns the devices of the logged-in user. Loads the list again after each revocation and each login. */
export function useDevices(): DevicesValue {
  const { client } = useSessionContext();
  const id = useSession<unknown, string | null>({
    select: ({ isAuthenticated, session }) => (isAuthenticated ? session.id : null),
  });
  const [state, setState] = useState<Pick<DevicesValue, "devices" | "loading" | "error">>({
    devices: null,
    loading: true,
    error: null,
  });

  const run = useCallback(
    async (change?: () => Promise<void>) => {
      setState((before) => ({ ...before, loading: true, error: null }));
      try {
        await change?.();
        const devices = client.$session.get().status === "authenticated" ? await client.devices.list() : null;
        setState({ devices, loading: false, error: null });
      } catch (error) {
        setState((before) => ({ ...before, loading: false, error: error as SessionError }));
      }
    },
    [client],
  );

  useEffect(() => {
    if (id) run();
    else setState({ devices: null, loading: false, error: null });
  }, [id, run]);

  const { devices } = client;
  return {
    ...state,
    reload: () => run(),
    revoke: (device) => run(() => devices.revoke(device)),
    revokeOthers: () => run(devices.revokeOthers),
    revokeAll: () => run(devices.revokeAll),
  };
}
