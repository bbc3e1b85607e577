import { ApiError, readCart } from "./api.ts";
import { client } from "./session.ts";
import type { HistoryEntry } from "./wire.ts";

/** The delay before a rejected event stream is requested again, in milliseconds. */
const RETRY_DELAY = 5000;

/** The newest change of an order. */
export interface OrderNews {
  readonly revision: number;
  readonly entry: HistoryEntry | null;
  /** Whether this is the current state at the start of a connection, not a new change. */
  readonly isStart: boolean;
}

/** Listeners for an order's events. */
export interface OrderEvents {
  readonly changed: (news: OrderNews) => void;
  readonly ended: (reason: "ended" | "excluded") => void;
}

/**
 * Receives an order's server-sent events. EventSource reconnects after a broken connection, but not after an error
 * response. An error response means that the order has ended, or that the shop is unavailable and the stream is
 * requested again later.
 *
 * @returns a function that stops following.
 */
export function followOrder(id: string, events: OrderEvents): () => void {
  let source: EventSource;
  let retry: ReturnType<typeof setTimeout>;
  let isStopped = false;

  function open(): void {
    source = new EventSource(`/api/v1/sessions/${id}/events`);
    let isStart = true;
    source.addEventListener("open", () => {
      isStart = true;
    });
    source.addEventListener("changed", ({ data }) => {
      events.changed({ ...JSON.parse(data), isStart });
      isStart = false;
    });
    source.addEventListener("ended", ({ data }) => {
      const { reason } = JSON.parse(data);
      if (reason === "signed-out") onSignedOut();
      else end(reason);
    });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) void onErrorResponse();
    });
  }

  async function onErrorResponse(): Promise<void> {
    const error: unknown = await readCart(id).then(
      () => undefined,
      (thrown) => thrown,
    );
    if (isStopped) return;
    if (error instanceof ApiError && error.code === "SESSION_NOT_FOUND") end("ended");
    else retry = setTimeout(open, RETRY_DELAY);
  }

  /** The order still exists, but the browser has logged out or changed accounts. Reload the session and its orders. */
  function onSignedOut(): void {
    source.close();
    client.getSession({ fresh: true }).catch(() => {});
    retry = setTimeout(open, RETRY_DELAY);
  }

  function end(reason: "ended" | "excluded"): void {
    stop();
    events.ended(reason);
  }

  function stop(): void {
    isStopped = true;
    clearTimeout(retry);
    source.close();
  }

  open();
  return stop;
}
