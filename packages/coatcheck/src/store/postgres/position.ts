import type { LogPosition } from "../../session/store.ts";

/** The end of the log when a statement began. */
export interface LogHead {
  /** The oldest transaction that was open when the position was read. That read saw everything that older transactions had
   * written. */
  readonly transaction: number;
  /** Eight hexadecimal digits. Promoting a standby starts a new timeline. */
  readonly timeline: string;
  /**
   * Bytes of the write-ahead log since the cluster was created: those that are written, and those that are also flushed
   * to the disk.
   */
  readonly written: number;
  readonly flushed: number;
}

/**
 * Transactions per timeline. With 2⁴³, a safe integer can represent 8.8 × 10¹² transactions in each of 1,024 timelines.
 */
const TRANSACTIONS_PER_TIMELINE = 2 ** 43;

/** The first position of a timeline. It is above every position of the earlier timelines. */
export function timelineStart({ timeline }: LogHead): LogPosition {
  return Number.parseInt(timeline, 16) * TRANSACTIONS_PER_TIMELINE;
}

/**
 * The log position of a transaction. A serial number would not work, because a transaction with a lower number can
 * commit after one with a higher number.
 */
export function positionOf(logHead: LogHead, transaction = logHead.transaction): LogPosition {
  const position = timelineStart(logHead) + transaction;
  if (transaction < TRANSACTIONS_PER_TIMELINE && Number.isSafeInteger(position)) return position;
  throw new RangeError(
    "Cannot compute a log position: the transaction or timeline number of PostgreSQL is too large.",
  );
}

/** The transaction number of a log position, in any timeline. */
export function transactionOf(position: LogPosition): number {
  return position % TRANSACTIONS_PER_TIMELINE;
}

/** Whether everything that the statement read is on the disk. */
export function isFlushed({ written, flushed }: LogHead): boolean {
  return written <= flushed;
}

/**
 * Returns positions that stay valid after a crash of the server. If PostgreSQL crashes before a transaction is on the
 * disk, it assigns the transaction's number again. A later revocation could then have a lower position than a copy in a
 * cache, and the cache would miss the revocation. So no returned position is above the last flushed position. A
 * position that is too low only makes the cache read some log items twice.
 */
export class DurablePosition {
  #durablePosition: LogPosition = 0;
  #unflushedHead: { readonly position: LogPosition; readonly written: number } | null = null;

  /** Returns the log position of the data that a statement read. */
  at(logHead: LogHead): LogPosition {
    const position = positionOf(logHead);
    if (isFlushed(logHead)) this.markFlushed(position);
    else if (this.#unflushedHead && this.#unflushedHead.written <= logHead.flushed)
      this.markFlushed(this.#unflushedHead.position);
    this.#unflushedHead ??= { position, written: logHead.written };
    return Math.min(position, this.#durablePosition);
  }

  /** Records that the log is on the disk up to `position` at least. */
  markFlushed(position: LogPosition): void {
    this.#durablePosition = Math.max(this.#durablePosition, position);
    this.#unflushedHead = null;
  }
}
