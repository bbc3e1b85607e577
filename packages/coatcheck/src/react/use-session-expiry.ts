import { useEffect, useState } from "react";
import { useSessionContext } from "./context.ts";

/** The remaining time of a session that will end soon. */
export interface SessionExpiry {
  /** Milliseconds until the session ends, by the server's clock. Null while there is no reason to warn. */
  readonly remainingMs: number | null;
  /** Keeps the user logged in: the idle timeout starts again. */
  extend(): Promise<void>;
}

const UPDATE_INTERVAL = 1000;
/** The longest timer delay that browsers support. They run a timer with a longer delay immediately. */
const MAX_TIMER_DELAY = 2 ** 31 - 1;

/** Returns the remaining time if the user must be warned, otherwise null. */
const getDisplayedTime = (expiresIn: number | null, warnBeforeMs: number) =>
  expiresIn && expiresIn <= warnBeforeMs ? expiresIn : null;

/**
 * Returns the remaining time shortly before the session ends, updated every second. Requests the session before it
 * warns, because requests of other pages may have extended the session.
 *
 * @param options.warnBeforeMs Milliseconds before the end at which the warning starts. Default: 60,000.
 */
export function useSessionExpiry(options: { readonly warnBeforeMs?: number } = {}): SessionExpiry {
  const { client } = useSessionContext();
  const { warnBeforeMs = 60_000 } = options;
  const [remainingMs, setRemaining] = useState<number | null>(null);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let latestRun = 0;
    let refreshed = false;

    async function tick(): Promise<void> {
      const run = ++latestRun;
      clearTimeout(timer);
      if (getDisplayedTime(client.expiresIn(), warnBeforeMs) && !refreshed) {
        refreshed = true;
        await client.getSession({ fresh: true }).catch(() => {});
      }
      if (run !== latestRun) return;
      const expiresIn = client.expiresIn();
      const displayed = getDisplayedTime(expiresIn, warnBeforeMs);
      refreshed &&= displayed !== null;
      setRemaining(displayed);
      if (expiresIn)
        timer = setTimeout(
          tick,
          displayed ? UPDATE_INTERVAL : Math.min(expiresIn - warnBeforeMs, MAX_TIMER_DELAY),
        );
    }

    tick();
    const unsubscribe = client.$session.listen(tick);
    return () => {
      latestRun++;
      clearTimeout(timer);
      unsubscribe();
    };
  }, [client, warnBeforeMs]);

  return {
    remainingMs,
    async extend() {
      await client.extend();
      setRemaining(getDisplayedTime(client.expiresIn(), warnBeforeMs));
    },
  };
}
