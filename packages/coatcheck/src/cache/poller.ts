import type { Schedule } from "../session/clock.ts";
import type { LogPage, LogPosition } from "../session/store.ts";
import type { Poll } from "./core.ts";
import { withDeadline } from "./guard.ts";

/** The interval, time sources and callbacks of a {@link Poller}. */
export interface PollerParts {
  /** Milliseconds between polls; Infinity to poll only on request. */
  readonly every: number;
  /** Milliseconds after which a poll without a response has failed. A later response is still applied. */
  readonly deadline: number;
  readonly schedule: Schedule;
  /** Starts a poll; called before it is sent. */
  readonly ask: () => Poll;
  /** Sends the poll. */
  readonly changes: (cursor: LogPosition | null) => Promise<LogPage>;
  /** Applies the response; false if it is unusable. */
  readonly answered: (poll: Poll, page: LogPage) => boolean;
}

/** Milliseconds until a failed poll is retried, unless the next regular poll comes sooner. */
const RETRY_DELAY = 500;

/** Polls the store's revocation log: at a regular interval, and at once on request. At most one poll is in flight. */
export class Poller {
  readonly #deps: PollerParts;
  #current: Promise<boolean> | null = null;
  #next: Promise<boolean> | null = null;
  #cancel: () => void = () => {};
  #isClosed = false;
  /** Whether the newest poll succeeded; true before the first. */
  isAnswered = true;
  /** Number of successful polls. */
  answers = 0;
  /** Number of failed polls. */
  failures = 0;

  constructor(deps: PollerParts) {
    this.#deps = deps;
  }

  /** Resolves when a poll that was sent after this call has succeeded (true) or failed (false). */
  soon(): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false);
    if (this.#current === null) {
      this.#current = this.#poll();
      return this.#current;
    }
    this.#next ??= this.#current.then(() => {
      this.#next = null;
      return this.soon();
    });
    return this.#next;
  }

  /** Resolves when the poll in flight, or one sent now if there is none, has succeeded (true) or failed (false). */
  any(): Promise<boolean> {
    return this.#current ?? this.soon();
  }

  /** Sends no further polls. */
  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  async #poll(): Promise<boolean> {
    this.#cancel();
    const isAnswered = await this.#request();
    this.#current = null;
    this.isAnswered = isAnswered;
    if (isAnswered) this.answers++;
    else this.failures++;
    const delay = isAnswered ? this.#deps.every : Math.min(this.#deps.every, RETRY_DELAY);
    if (!this.#isClosed && delay < Number.POSITIVE_INFINITY) {
      this.#cancel = this.#deps.schedule(delay, () => void this.soon());
    }
    return isAnswered;
  }

  async #request(): Promise<boolean> {
    const { ask, changes, answered, deadline, schedule } = this.#deps;
    let poll: Poll;
    try {
      poll = ask();
      const applied = changes(poll.cursor).then((page) => answered(poll, page));
      if (!(await withDeadline(applied, deadline, schedule))) return false;
    } catch {
      return false;
    }
    // A poll without a cursor only returns the log's position; poll again from there to get the changes.
    return poll.cursor === null ? await this.#request() : true;
  }
}
