import type { SessionManager } from "./manager.ts";
import type { StreamEvent } from "./wire.ts";

const EVENTS: readonly StreamEvent[] = ["revoked", "changed", "expiring"];

/**
 * Follows the server's event stream while the page is visible and has a session, so that a revocation elsewhere shows
 * here at once: each event makes the manager ask. EventSource reconnects by itself. A hidden page keeps no connection,
 * since six are all that HTTP/1.1 allows a browser for one host. The result stops it.
 */
export function followEvents(manager: SessionManager, url = "/session/events"): () => void {
  let followed: string | undefined;
  let source: EventSource | undefined;
  const ask = () => void manager.getSession({ fresh: true }).catch(() => {});

  function settle(): void {
    const id = document.visibilityState === "visible" ? manager.$session.get().session?.id : undefined;
    if (id === followed) return;
    followed = id;
    source?.close();
    source = id ? new EventSource(url, { withCredentials: true }) : undefined;
    for (const event of EVENTS) source?.addEventListener(event, ask);
  }

  const forget = manager.$session.subscribe(settle);
  document.addEventListener("visibilitychange", settle);
  return () => {
    forget();
    document.removeEventListener("visibilitychange", settle);
    source?.close();
  };
}
