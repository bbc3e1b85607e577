import type { Schedule } from "../session/clock.ts";
import type { LogPage, LogPosition } from "../session/store.ts";
import type { Poll } from "./core.ts";
import { withDeadline } from "./guard.ts";

/** What a poller works with. */
export interface PollerParts {
  /** Milliseconds between polls; Infinity to poll only when asked to. */
  readonly every: number;
  /** Milliseconds after which an unanswered poll is given up. Its answer, if it comes, is still taken. */
  readonly deadline: number;
  readonly schedule: Schedule;
  readonly ask: () => Poll;
  readonly changes: (cursor: LogPosition | null) => Promise<LogPage>;
  /** False: the answer will not do. */
  readonly answered: (poll: Poll, page: LogPage) => boolean;
}

/** Milliseconds until a failed poll is tried again, unless the next regular one comes sooner. */
const RETRY_AFTER = 500;

/** Asks the store's log, one question at a time: regularly, and at once when something is suspected. */
export class Poller {
  readonly #parts: PollerParts;
  #current: Promise<boolean> | null = null;
  #next: Promise<boolean> | null = null;
  #cancel: () => void = () => {};
  #isClosed = false;
  /** Whether the newest poll was answered; true before the first. */
  isAnswered = true;
  answers = 0;
  failures = 0;

  constructor(parts: PollerParts) {
    this.#parts = parts;
  }

  /** Resolves when a poll that was sent after this call has been answered (true) or has failed (false). */
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

  /** Resolves when the poll under way, or else one sent now, has been answered or has failed. */
  any(): Promise<boolean> {
    return this.#current ?? this.soon();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  async #poll(): Promise<boolean> {
    this.#cancel();
    const isAnswered = await this.#askOnce();
    this.#current = null;
    this.isAnswered = isAnswered;
    if (isAnswered) this.answers++;
    else this.failures++;
    const delay = isAnswered ? this.#parts.every : Math.min(this.#parts.every, RETRY_AFTER);
    if (!this.#isClosed && delay < Number.POSITIVE_INFINITY) {
      this.#cancel = this.#parts.schedule(delay, () => void this.soon());
    }
    return isAnswered;
  }

  async #askOnce(): Promise<boolean> {
    const { ask, changes, answered, deadline, schedule } = this.#parts;
    let poll: Poll;
    try {
      poll = ask();
      const answer = changes(poll.cursor).then((page) => answered(poll, page));
      if (!(await withDeadline(answer, deadline, schedule))) return false;
    } catch {
      return false;
    }
    // The first answer tells where the log stands; only one asked with a cursor says what changed.
    return poll.cursor === null ? await this.#askOnce() : true;
  }
}
