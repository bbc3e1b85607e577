import type { Schedule } from "../session/clock.ts";
import type { LogPage, LogPosition } from "../session/store.ts";
import { withDeadline } from "./circuit-breaker.ts";
import type { Poll } from "./core.ts";

/** The interval, time sources and callbacks of a {@link Poller}. */
export interface PollerDependencies {
  /** Milliseconds between polls; Infinity to poll only on request. */
  readonly interval: number;
  /** Milliseconds after which a poll without a response has failed. A later response is still applied. */
  readonly deadline: number;
  readonly schedule: Schedule;
  /** Called before a poll is sent. */
  readonly startPoll: () => Poll;
  /** Sends the poll. */
  readonly changes: (cursor: LogPosition | null) => Promise<LogPage>;
  /** Applies the response. Returns false if the response is unusable. */
  readonly applyPage: (poll: Poll, page: LogPage) => boolean;
}

/** Milliseconds until a failed poll is retried, unless the next regular poll comes sooner. */
const RETRY_DELAY = 500;

/**
 * Polls the store's revocation log: at a regular interval, and immediately on request. At most one poll is in flight.
 */
export class Poller {
  readonly #deps: PollerDependencies;
  #pollInFlight: Promise<boolean> | null = null;
  #queuedPoll: Promise<boolean> | null = null;
  #cancelTimer: () => void = () => {};
  #isClosed = false;
  /** Whether the newest poll succeeded; true before the first. */
  lastPollSucceeded = true;
  /** Number of successful polls. */
  successes = 0;
  /** Number of failed polls. */
  failures = 0;

  constructor(deps: PollerDependencies) {
    this.#deps = deps;
  }

  /** Waits for a poll that is sent after this call. Resolves to true if it succeeds, and to false if it fails. */
  pollNow(): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false);
    if (this.#pollInFlight === null) {
      this.#pollInFlight = this.#poll();
      return this.#pollInFlight;
    }
    this.#queuedPoll ??= this.#pollInFlight.then(() => {
      this.#queuedPoll = null;
      return this.pollNow();
    });
    return this.#queuedPoll;
  }

  /**
   * Waits for the poll in flight; without one, sends a poll. Resolves to true if the poll succeeds, and to false if it
   * fails.
   */
  pollOrJoin(): Promise<boolean> {
    return this.#pollInFlight ?? this.pollNow();
  }

  /** Sends no further polls. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
  }

  async #poll(): Promise<boolean> {
    this.#cancelTimer();
    const hasSucceeded = await this.#sendPoll();
    this.#pollInFlight = null;
    this.lastPollSucceeded = hasSucceeded;
    if (hasSucceeded) this.successes++;
    else this.failures++;
    const delay = hasSucceeded ? this.#deps.interval : Math.min(this.#deps.interval, RETRY_DELAY);
    if (!this.#isClosed && delay < Number.POSITIVE_INFINITY) {
      this.#cancelTimer = this.#deps.schedule(delay, () => void this.pollNow());
    }
    return hasSucceeded;
  }

  async #sendPoll(): Promise<boolean> {
    const { startPoll, changes, applyPage, deadline, schedule } = this.#deps;
    let poll: Poll;
    try {
      poll = startPoll();
      const applied = changes(poll.cursor).then((page) => applyPage(poll, page));
      if (!(await withDeadline(applied, deadline, schedule))) return false;
    } catch {
      return false;
    }
    // A poll without a cursor only returns the log's position; poll again from there to get the changes.
    return poll.cursor === null ? await this.#sendPoll() : true;
  }
}
