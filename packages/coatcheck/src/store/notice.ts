/** A report of a store or transport about its server. Write it to the application's log. */
export interface ServerNotice {
  /**
   * `unavailable`: the server rejects calls for the reason in `message`. `recovered`: it accepts them again. `limited`:
   * the store works, except for the feature that `message` names.
   */
  readonly kind: "unavailable" | "recovered" | "limited";
  /** One sentence for operators, without secrets. */
  readonly message: string;
  /** The server's own error, if there is one. */
  readonly cause?: unknown;
}

/** Receives notices. Default: a process warning with the code `COATCHECK_SERVER`. */
export type NoticeListener = (notice: ServerNotice) => void;

/** Writes a notice as a process warning, which Node prints to the standard error stream. */
export const warnOfNotice: NoticeListener = ({ message }) => {
  process.emitWarning(message, { code: "COATCHECK_SERVER" });
};

/**
 * Milliseconds between two reports of the same reason: a server that repeatedly fails and recovers must not fill the
 * log.
 */
const MIN_REPORT_INTERVAL = 10_000;

/**
 * Milliseconds without a rejected call after which a server has recovered. A shorter time without rejected calls is
 * part of the outage.
 */
const RECOVERY_TIME = 1000;

/** Reports when a server becomes unavailable and when it has recovered, however many calls fail in between. */
export class OutageReporter {
  readonly #name: string;
  readonly #listener: NoticeListener;
  readonly #monotonic: () => number;
  /** Message → time of its last report. The map stays small, because a store has a fixed set of messages. */
  readonly #reportedAt = new Map<string, number>();
  #outage: { message: string; readonly since: number; failedAt: number; isReported: boolean } | null = null;

  /** @param name - the name of the server in `recovered` notices, for example `Redis`. */
  constructor(name: string, listener: NoticeListener = warnOfNotice, monotonic = () => performance.now()) {
    this.#name = name;
    this.#listener = listener;
    this.#monotonic = monotonic;
  }

  /** Records a call that the server rejected. */
  recordFailure(message: string, cause: unknown): void {
    const now = this.#monotonic();
    this.#outage ??= { message: "", since: now, failedAt: now, isReported: false };
    const isSame = this.#outage.message === message;
    this.#outage.message = message;
    this.#outage.failedAt = now;
    const reportedAt = this.#reportedAt.get(message) ?? Number.NEGATIVE_INFINITY;
    if (isSame || now - reportedAt < MIN_REPORT_INTERVAL) return;
    this.#reportedAt.set(message, now);
    this.#outage.isReported = true;
    this.#listener({ kind: "unavailable", message, cause });
  }

  /** Records a call that the server accepted. Call it only for calls that an unavailable server would reject. */
  recordSuccess(): void {
    const outage = this.#outage;
    if (outage === null || this.#monotonic() - outage.failedAt < RECOVERY_TIME) return;
    this.#outage = null;
    if (!outage.isReported) return;
    const seconds = ((outage.failedAt - outage.since) / 1000).toFixed(1);
    this.#listener({
      kind: "recovered",
      message: `${this.#name} accepts calls again. It rejected calls for ${seconds} s: ${outage.message}`,
    });
  }
}
