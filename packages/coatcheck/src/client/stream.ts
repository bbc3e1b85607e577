import type { StreamEvent } from "../wire.ts";
import type { SessionClient } from "./session-client.ts";

const STREAM_EVENTS: readonly StreamEvent[] = ["revoked", "changed", "expiring"];

/** Milliseconds to wait before requesting a refused stream again. */
const RETRY_DELAY = 10_000;

/**
 * Follows the server's event stream while the page is visible and has a session, so that the page shows a revocation
 * from another device immediately. After each event and each reconnection, the client requests the session.
 *
 * Over HTTP/1.1, a browser opens at most six connections to a host. A hidden page therefore has no stream. Among the
 * visible tabs with the same session, only the tab that holds a Web Lock has a stream. It sends new views to the other
 * tabs through the client's channel. Another tab takes over when the user closes, hides or leaves that tab. Without Web
 * Locks, or with `revalidate: { crossTab: false }`, each visible tab keeps a stream.
 *
 * @param url Address of the stream. Default: `/session/events`.
 * @returns The function that stops following.
 */
export function followEvents(client: SessionClient, url = "/session/events"): () => void {
  let followedId: string | undefined;
  let following = new AbortController();
  const refresh = () => void client.getSession({ fresh: true }).catch(() => {});

  /** Starts, stops or switches the stream, as the page's visibility and session require. */
  function update(): void {
    const id = document.visibilityState === "visible" ? client.$session.get().session?.id : undefined;
    if (id === followedId) return;
    followedId = id;
    following.abort();
    if (!id) return;
    following = new AbortController();
    const { signal } = following;
    const follow = () => keepStream(signal);
    // If the browser forbids locks, keep the stream without a lock.
    if (client.locks) client.locks.request(`coatcheck:${url}:${id}`, { signal }, follow).catch(follow);
    else follow();
  }

  /** Keeps a stream open until `signal` aborts. */
  function keepStream(signal: AbortSignal): Promise<void> {
    return new Promise((done) => {
      // The lock may be granted after the tab has stopped following.
      if (signal.aborted) return done();
      let source: EventSource;
      let wasOpen = false;
      let retry: ReturnType<typeof setTimeout>;

      function open(): void {
        source = new EventSource(url, { withCredentials: true });
        for (const event of STREAM_EVENTS) source.addEventListener(event, refresh);
        source.onopen = () => {
          // Events were missed while the stream was closed.
          if (wasOpen) refresh();
          wasOpen = true;
        };
        source.onerror = () => {
          // EventSource reconnects by itself, unless the server refused the stream.
          if (source.readyState !== EventSource.CLOSED) return;
          // The session may have ended, possibly before this tab received the lock.
          refresh();
          retry = setTimeout(open, RETRY_DELAY);
        };
      }

      open();
      signal.addEventListener("abort", () => {
        clearTimeout(retry);
        source.close();
        done();
      });
    });
  }

  const unsubscribe = client.$session.subscribe(update);
  document.addEventListener("visibilitychange", update);
  return () => {
    unsubscribe();
    document.removeEventListener("visibilitychange", update);
    following.abort();
  };
}
