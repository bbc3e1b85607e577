import { ApiError, readCart } from "./api.ts";
import { manager } from "./session.ts";
import type { Entry } from "./wire.ts";

/** Milliseconds until a stream that was refused is asked for again. */
const RETRY_AFTER = 5000;

/** The newest that happened in an order. What came before it is in the history. */
export interface OrderNews {
  readonly revision: number;
  readonly entry: Entry | null;
  /** It is how things stood when the connection was made, and no news. */
  readonly isStart: boolean;
}

/** What an order's stream tells. */
export interface OrderEvents {
  readonly changed: (news: OrderNews) => void;
  readonly ended: (reason: "ended" | "excluded") => void;
}

/**
 * Follows an order live. EventSource itself connects again when the connection breaks, but not when it is refused: then
 * the order is not there any more, or the shop is not well and is asked again later. The result ends it.
 */
export function followOrder(id: string, events: OrderEvents): () => void {
  let source: EventSource;
  let retry: ReturnType<typeof setTimeout>;
  let isOver = false;

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
      if (reason === "signed-out") signedOut();
      else end(reason);
    });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) void refused();
    });
  }

  async function refused(): Promise<void> {
    const error: unknown = await readCart(id).then(
      () => undefined,
      (thrown) => thrown,
    );
    if (isOver) return;
    if (error instanceof ApiError && error.code === "SESSION_NOT_FOUND") end("ended");
    else retry = setTimeout(open, RETRY_AFTER);
  }

  /** The order is as it was, but whoever followed it is somebody else now, or nobody: then others take its place. */
  function signedOut(): void {
    source.close();
    manager.getSession({ fresh: true }).catch(() => {});
    retry = setTimeout(open, RETRY_AFTER);
  }

  function end(reason: "ended" | "excluded"): void {
    stop();
    events.ended(reason);
  }

  function stop(): void {
    isOver = true;
    clearTimeout(retry);
    source.close();
  }

  open();
  return stop;
}
