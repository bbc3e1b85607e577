import type { SessionClient } from "./session-client.ts";
import type { StreamEvent } from "./wire.ts";

const EVENTS: readonly StreamEvent[] = ["revoked", "changed", "expiring"];

/** Milliseconds until a stream that was refused is asked for again. */
const RETRY_AFTER = 10_000;

/**
 * Follows the server's event stream while the page is visible and has a session, so that a revocation elsewhere shows
 * here at once: each event makes the client ask.
 *
 * Six connections are all that HTTP/1.1 allows a browser for one host. So a hidden page keeps none, and of the visible
 * tabs with one session only the one that holds a lock does: the others hear through the client's channel what it was
 * answered, and one of them takes over when it is closed, hidden or left. Without locks, or where the client keeps to
 * itself, each tab follows for itself. The result stops it.
 */
export function followEvents(client: SessionClient, url = "/session/events"): () => void {
  let followed: string | undefined;
  let turn = new AbortController();
  const ask = () => void client.getSession({ fresh: true }).catch(() => {});

  function settle(): void {
    const id = document.visibilityState === "visible" ? client.$session.get().session?.id : undefined;
    if (id === followed) return;
    followed = id;
    turn.abort();
    if (!id) return;
    turn = new AbortController();
    const { signal } = turn;
    const follow = () => hold(signal);
    // Where locks are forbidden the tab is left to itself.
    if (client.locks) client.locks.request(`coatcheck:${url}:${id}`, { signal }, follow).catch(follow);
    else follow();
  }

  /** Keeps a stream open until `signal` ends. EventSource connects again by itself, but not where it was refused. */
  function hold(signal: AbortSignal): Promise<void> {
    return new Promise((done) => {
      // The lock may come when the tab wants it no more.
      if (signal.aborted) return done();
      let source: EventSource;
      let retry: ReturnType<typeof setTimeout>;

      function open(): void {
        source = new EventSource(url, { withCredentials: true });
        for (const event of EVENTS) source.addEventListener(event, ask);
        source.addEventListener("error", () => {
          if (source.readyState !== EventSource.CLOSED) return;
          // The session may be over, or was before this tab's turn came.
          ask();
          retry = setTimeout(open, RETRY_AFTER);
        });
      }

      open();
      signal.addEventListener("abort", () => {
        clearTimeout(retry);
        source.close();
        done();
      });
    });
  }

  const forget = client.$session.subscribe(settle);
  document.addEventListener("visibilitychange", settle);
  return () => {
    forget();
    document.removeEventListener("visibilitychange", settle);
    turn.abort();
  };
}
