import type { LogItem, LogPosition } from "../session/store.ts";

/** The newest known invalidation of a key. */
interface Mark {
  /** The log position of the newest item; -1 while the log has returned none. */
  readonly position: LogPosition;
  /** The position that was announced for an item that the log has not returned; -1 if none was. */
  readonly announced: LogPosition;
  /** How many invalidations this process had learned of, this one included. */
  readonly sequence: number;
}

/**
 * This process's view of the log items about keys; it decides which copies of the application's data must be refused.
 *
 * There are two kinds of copies. One that *this process loaded* is refused if the process learned of an invalidation of its
 * keys after the load began: the load may have read the older state. The order is the process's own *sequence*, because
 * log positions of a store may stand still (a long transaction of PostgreSQL) while invalidations arrive. A copy that
 * *another process loaded* is refused if a known item has the copy's position or a later one, and while an invalidation is
 * pending, since the position of its item is not known yet.
 *
 * The marks are complete from the *horizon* on; copies from before are refused, so older marks can be deleted.
 */
export class InvalidatedKeys {
  readonly #capacity: number;
  /** In the order of their sequence, oldest first. */
  readonly #marks = new Map<string, Mark>();
  /** Key → number of the newest poll sent before its invalidation. The response to a later poll clears it. */
  readonly #pending = new Map<string, number>();
  #everything = { position: -1, sequence: 0 };
  #sequence = 0;
  #firstSequence = 0;
  #horizon: LogPosition = Number.POSITIVE_INFINITY;

  /** `capacity`: the maximum number of marks. Above it the older half is deleted. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** How many invalidations this process has learned of. Read it before a load. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Number of marks. */
  get size(): number {
    return this.#marks.size;
  }

  /** Sets the horizon: the log is known from `position` on. Infinity means that nothing is known. Refuses earlier copies. */
  startAt(position: LogPosition): void {
    this.#horizon = position;
    this.#firstSequence = ++this.#sequence;
    // A store that was restored from a backup may assign the positions of these marks again.
    this.#marks.clear();
    this.#everything = { position: -1, sequence: this.#sequence };
  }

  /**
   * Adds one log item as a mark. Items may repeat and may arrive in any order. A revocation of everyone counts for every key:
   * stores report with it that log items were lost.
   */
  apply(item: LogItem): void {
    const { position } = item;
    if ("key" in item) {
      const known = this.#marks.get(item.key);
      if (known && position <= known.position) return;
      // Only the item that was announced is already known. A hint must never hide another one.
      if (known && position === known.announced) this.#marks.set(item.key, { ...known, position });
      else this.#mark(item.key, position, known?.announced ?? -1);
    } else if ("scope" in item && "everyone" in item.scope && position > this.#everything.position) {
      this.#everything = { position, sequence: ++this.#sequence };
    }
  }

  /**
   * Marks a key as invalidated whose log item this process has not read. Copies that were loaded before are refused, and
   * copies of other processes until the response to a poll numbered above `pollNumber`.
   *
   * @param announced the position of the log item, according to the store or a hint; null if unknown. A repeated
   *   announcement, and the item itself, end no newer copies.
   */
  markPending(key: string, announced: LogPosition | null, pollNumber: number): void {
    const known = this.#marks.get(key);
    if (announced !== null && (announced === known?.announced || announced === known?.position)) return;
    this.#mark(key, known?.position ?? -1, announced ?? -1);
    this.#pending.set(key, pollNumber);
  }

  /** Clears the pending invalidations from before this poll: its response contained their log items. */
  clearPending(pollNumber: number): void {
    for (const [key, sentBefore] of this.#pending) {
      if (sentBefore < pollNumber) this.#pending.delete(key);
    }
  }

  /** Deletes the older half of the marks above capacity, and raises the horizon accordingly. */
  trim(): void {
    if (this.#marks.size <= this.#capacity) return;
    for (const [key, { position, sequence }] of this.#marks) {
      if (this.#marks.size <= this.#capacity / 2) break;
      this.#marks.delete(key);
      this.#firstSequence = Math.max(this.#firstSequence, sequence);
      this.#horizon = Math.max(this.#horizon, position + 1);
    }
  }

  /**
   * Whether a copy that this process loaded may be served. Called at every read.
   *
   * @param keys the copy's own key and its tags.
   * @param sequence {@link sequence} before the load began.
   */
  allowsLoaded(keys: readonly string[], sequence: number): boolean {
    if (sequence === this.#sequence) return true;
    if (sequence < this.#firstSequence || sequence < this.#everything.sequence) return false;
    for (const key of keys) {
      const mark = this.#marks.get(key);
      if (mark !== undefined && sequence < mark.sequence) return false;
    }
    return true;
  }

  /** Whether a copy that another process loaded, at this position of the log or later, may be served. */
  allowsForeign(keys: readonly string[], position: LogPosition): boolean {
    if (position < this.#horizon || position <= this.#everything.position) return false;
    return keys.every((key) => !this.#pending.has(key) && position > (this.#marks.get(key)?.position ?? -1));
  }

  #mark(key: string, position: LogPosition, announced: LogPosition): void {
    // Delete and set keep the map in the order of the sequence.
    this.#marks.delete(key);
    this.#marks.set(key, { position, announced, sequence: ++this.#sequence });
  }
}
