import type { LogItem, LogPosition } from "../session/store.ts";

/** The newest known invalidation of a key. */
interface KeyMark {
  /** The log position of the newest item that the log has returned for the key; -1 before the first. */
  readonly position: LogPosition;
  /**
   * The position that the store or a hint announced and that the log has not returned yet; -1 if there is none.
   */
  readonly announcedPosition: LogPosition;
  /**
   * Serial number of this invalidation, in the order in which this process learned of invalidations. The first has 1.
   */
  readonly sequence: number;
}

/**
 * This process's view of the log items about keys; it decides which copies of the application's data must be refused.
 *
 * A copy that *this process loaded* is refused if the process learned of an invalidation of its keys after the load
 * began, because the load may have read the older state. The process numbers invalidations in its own *sequence*,
 * because the end of a store's log may stand still while invalidations arrive (during a long transaction of
 * PostgreSQL).
 *
 * A copy that *another process loaded* is refused if a known item for its keys has the copy's position or a later one.
 * It is also refused while an invalidation is pending, because the position of the log item is not known yet.
 *
 * The marks (the kept invalidations) are complete from the log position *horizon* on. Copies from before the horizon
 * are refused, so older marks can be deleted.
 */
export class InvalidatedKeys {
  readonly #capacity: number;
  /** Key → the newest invalidation of that key. The keys are in the order of these invalidations, oldest first. */
  readonly #marks = new Map<string, KeyMark>();
  /**
   * Key → number of the last poll that was sent before the key was invalidated. The response to a later poll removes
   * the key.
   */
  readonly #pending = new Map<string, number>();
  #everything = { position: -1, sequence: 0 };
  #sequence = 0;
  #firstSequence = 0;
  #horizon: LogPosition = Number.POSITIVE_INFINITY;

  /** `capacity`: the maximum number of marks. Above it the older half is deleted. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Number of invalidations that this process has learned of. Read it before a load, for {@link allowsLoaded}. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Number of marks. */
  get size(): number {
    return this.#marks.size;
  }

  /**
   * Sets the horizon: this process knows the log from `position` on, and refuses earlier copies. Infinity: nothing is
   * known.
   */
  startAt(position: LogPosition): void {
    this.#horizon = position;
    this.#firstSequence = ++this.#sequence;
    // After a restore from a backup, the store may assign the positions of these marks to other log items.
    this.#marks.clear();
    this.#everything = { position: -1, sequence: this.#sequence };
  }

  /**
   * Adds one log item as a mark. Items may repeat and may arrive in any order. A revocation of everyone invalidates
   * every key, because a store that has lost log items appends such a revocation.
   */
  apply(item: LogItem): void {
    const { position } = item;
    if ("key" in item) {
      const mark = this.#marks.get(item.key);
      if (mark && position <= mark.position) return;
      // If this item was announced by the store or a hint, `markPending` has already given the mark a new sequence
      // number. Otherwise give it one now.
      if (mark && position === mark.announcedPosition) this.#marks.set(item.key, { ...mark, position });
      else this.#setMark(item.key, position, mark?.announcedPosition ?? -1);
    } else if ("scope" in item && "everyone" in item.scope && position > this.#everything.position) {
      this.#everything = { position, sequence: ++this.#sequence };
    }
  }

  /**
   * Invalidates a key before this process has read the log item. Copies that this process has loaded so far are
   * refused. Copies of other processes are refused until a response to a poll numbered above `pollNumber` has arrived.
   *
   * @param announced the position of the log item, according to the store or a hint; null if unknown. A second
   * announcement of the same position has no effect, so copies that were loaded after the first one stay valid. The
   * same holds for the log item itself.
   */
  markPending(key: string, announced: LogPosition | null, pollNumber: number): void {
    const mark = this.#marks.get(key);
    if (announced !== null && (announced === mark?.announcedPosition || announced === mark?.position)) return;
    this.#setMark(key, mark?.position ?? -1, announced ?? -1);
    this.#pending.set(key, pollNumber);
  }

  /** Clears the pending invalidations from before this poll, because its response contained their log items. */
  clearPending(pollNumber: number): void {
    for (const [key, sentBefore] of this.#pending) {
      if (sentBefore < pollNumber) this.#pending.delete(key);
    }
  }

  /**
   * If there are more marks than `capacity`, deletes the older half. The horizon rises above the positions of the
   * deleted marks, so that copies from before them are refused.
   */
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

  /**
   * Whether a copy that another process loaded may be served. `position`: the end of the log when the load began; the
   * load may have seen later items too.
   */
  allowsForeign(keys: readonly string[], position: LogPosition): boolean {
    if (position < this.#horizon || position <= this.#everything.position) return false;
    return keys.every((key) => !this.#pending.has(key) && position > (this.#marks.get(key)?.position ?? -1));
  }

  #setMark(key: string, position: LogPosition, announced: LogPosition): void {
    // Deleting the key first moves it to the end, so the map stays in the order of the sequence.
    this.#marks.delete(key);
    this.#marks.set(key, { position, announcedPosition: announced, sequence: ++this.#sequence });
  }
}
