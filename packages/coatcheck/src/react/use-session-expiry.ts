import { useEffect, useState } from "react";
import { useSessionContext } from "./context.ts";

/** What is left of the session, once that is little. */
export interface SessionExpiry {
  /** Milliseconds until the end, by the server's clock; null while there is no reason to warn. */
  readonly remainingMs: number | null;
  /** Stays logged in. */
  extend(): Promise<void>;
}

const TICK = 1000;
const LONGEST_DELAY = 2 ** 31 - 1;

/** What to count down from, if anything. */
const warned = (left: number | null, warnBeforeMs: number) => (left && left <= warnBeforeMs ? left : null);

/**
 * Warns before the session ends, `warnBeforeMs` (60,000 unless given) ahead, and counts down. Asks the server before it
 * warns: requests that this page did not make may have kept the session alive.
 */
export function useSessionExpiry(options: { readonly warnBeforeMs?: number } = {}): SessionExpiry {
  const { client } = useSessionContext();
  const { warnBeforeMs = 60_000 } = options;
  const [remainingMs, setRemaining] = useState<number | null>(null);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let run = 0;
    let asked = false;

    async function tick(): Promise<void> {
      const mine = ++run;
      clearTimeout(timer);
      if (warned(client.expiresIn(), warnBeforeMs) && !asked) {
        asked = true;
        await client.getSession({ fresh: true }).catch(() => {});
      }
      if (mine !== run) return;
      const left = client.expiresIn();
      const remaining = warned(left, warnBeforeMs);
      asked &&= remaining !== null;
      setRemaining(remaining);
      if (left) timer = setTimeout(tick, remaining ? TICK : Math.min(left - warnBeforeMs, LONGEST_DELAY));
    }

    tick();
    const stop = client.$session.listen(tick);
    return () => {
      run++;
      clearTimeout(timer);
      stop();
    };
  }, [client, warnBeforeMs]);

  return {
    remainingMs,
    async extend() {
      await client.extend();
      setRemaining(warned(client.expiresIn(), warnBeforeMs));
    },
  };
}
