import type { LogPosition } from "../session/store.ts";

/** Where the log stood when a statement began. */
export interface Standing {
  /** The oldest transaction that had not ended: the statement saw all that those below it wrote. */
  readonly transaction: number;
  /** Eight hexadecimal digits; each promotion of a standby begins a new timeline. */
  readonly timeline: string;
  /** Bytes of the write-ahead log, ever: written, and of those on the disk. */
  readonly written: number;
  readonly flushed: number;
}

/** Room for 8.8 × 10¹² transactions and 1,024 timelines in a safe integer. */
const TRANSACTIONS = 2 ** 43;

/** The position below every one of a timeline, and above every one of the timelines before. */
export function timelineStart({ timeline }: Standing): LogPosition {
  return Number.parseInt(timeline, 16) * TRANSACTIONS;
}

/** The position of a transaction. Never a serial number: a lower one can commit later. */
export function positionOf(standing: Standing, transaction = standing.transaction): LogPosition {
  const position = timelineStart(standing) + transaction;
  if (transaction < TRANSACTIONS && Number.isSafeInteger(position)) return position;
  throw new RangeError("The database has seen more transactions or timelines than a log position can count.");
}

/** The transaction of a position, whatever its timeline. */
export function transactionOf(position: LogPosition): number {
  return position % TRANSACTIONS;
}

/** Whether the log is on the disk as far as a statement saw it. */
export function isFlushed({ written, flushed }: Standing): boolean {
  return written <= flushed;
}

/**
 * Gives out positions that survive a crash of the server. PostgreSQL gives a transaction's number out again when it
 * crashed before the end of that transaction was on the disk, and then a revocation could hide below a position that
 * somebody holds. So no position is above one that the log was flushed to. Too low a position costs a second reading,
 * nothing else.
 */
export class DurablePosition {
  #durable: LogPosition = 0;
  #waiting: { readonly position: LogPosition; readonly written: number } | null = null;

  /** The position of what a statement read. */
  at(standing: Standing): LogPosition {
    const position = positionOf(standing);
    if (isFlushed(standing)) this.flushed(position);
    else if (this.#waiting && this.#waiting.written <= standing.flushed) this.flushed(this.#waiting.position);
    this.#waiting ??= { position, written: standing.written };
    return Math.min(position, this.#durable);
  }

  /** Learns that the log is on the disk to `position` at least. */
  flushed(position: LogPosition): void {
    this.#durable = Math.max(this.#durable, position);
    this.#waiting = null;
  }
}
