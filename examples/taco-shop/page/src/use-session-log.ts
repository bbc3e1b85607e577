import { useSession } from "coatcheck/react";
import { useEffect, useRef } from "react";
import { type SessionEventKind, sessionLog } from "./session-log.ts";
import type { LiveOrder } from "./use-live-order.ts";
import type { Account, OpenOrder } from "./wire.ts";

/** Records the events of the browser's session and of its order sessions. */
export function useSessionLog(
  orders: readonly OpenOrder[],
  active: string | undefined,
  live: LiveOrder,
): void {
  const { session } = useSession<Account>();
  const last = useRef(session);
  useEffect(() => {
    const before = last.current;
    last.current = session;
    if (session && session.id !== before?.id) sessionLog.add("started", session.id);
    if (session && session.subject !== (before?.subject ?? null)) {
      sessionLog.add(session.subject ? "loggedIn" : "loggedOut", session.id);
    }
    if (!session && before) sessionLog.add(before.subject ? "loggedOut" : "ended", before.id);
  }, [session]);

  const known = useRef<readonly string[]>([]);
  useEffect(() => {
    const ids = orders.map(({ sessionId }) => sessionId);
    const record = (kind: SessionEventKind, those: readonly string[], others: readonly string[]) => {
      for (const id of those) if (!others.includes(id)) sessionLog.add(kind, id);
    };
    record("orderOpened", ids, known.current);
    record("orderClosed", known.current, ids);
    known.current = ids;
  }, [orders]);

  const { revision } = live;
  const seen = useRef({ id: active, revision });
  useEffect(() => {
    const before = seen.current;
    seen.current = { id: active, revision };
    if (active && active === before.id && revision > before.revision) sessionLog.add("orderChanged", active);
  }, [active, revision]);
}
