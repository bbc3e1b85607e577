import { touchThreshold } from "./policy.ts";
import { endsAt, type SessionRecord } from "./record.ts";
import type { LogPosition, Snapshot } from "./store.ts";

/** Times are held as milliseconds since then: for 24 days they are small integers, which V8 keeps in the object itself. */
const START = Date.now();

/**
 * A session as this process holds it: the frozen record, and the activity seen here since it was read.
 *
 * Of ten thousand sessions hardly one is in the processor's caches, so a request waits for every place in memory that it
 * visits. Therefore what every request asks stands in this one object. Its fields are only declared: in one that begins
 * as `undefined`, V8 would keep each number in an object of its own.
 */
export class HeldSession implements Snapshot {
  declare readonly record: SessionRecord;
  declare readonly position: LogPosition;
  /** The hash of the one secret that opens it; null while a rotation waits to be confirmed, or once it was revoked. */
  declare readonly soleHash: string | null;
  /** Whole seconds since the epoch up to which it surely lives, as far as is known here. */
  declare private livesUntil: number;
  declare private seen: number;
  /** From when on the store is to be told of activity again. */
  declare private touchDue: number;

  constructor({ record, position }: Snapshot) {
    const { state, secretHash, previousSecretHash, confirmedAt, lastSeenAt, idleTimeout } = record;
    const isSettled = previousSecretHash === null || confirmedAt !== null;
    this.record = record;
    this.position = position;
    this.soleHash = state === "active" && isSettled ? secretHash : null;
    this.livesUntil = Math.floor(endsAt(record) / 1000);
    this.seen = lastSeenAt - START;
    this.touchDue = this.seen + Math.ceil(touchThreshold(idleTimeout));
  }

  /** Epoch milliseconds; at or after `record.lastSeenAt`. */
  get lastSeenAt(): number {
    return START + this.seen;
  }

  /** Whether its time is up at `now`, epoch milliseconds. Timeouts only: a revoked one may have time left. */
  isOver(now: number): boolean {
    if (now < this.livesUntil * 1000) return false;
    const { expiresAt, idleTimeout } = this.record;
    const end = endsAt({ expiresAt, idleTimeout, lastSeenAt: this.lastSeenAt });
    this.livesUntil = Math.floor(end / 1000);
    return now >= end;
  }

  /** Activity at `now`, epoch milliseconds. True when it is time to tell the store, which is then counted as told. */
  see(now: number): boolean {
    const moment = now - START;
    if (moment <= this.seen) return false;
    this.seen = moment;
    if (moment < this.touchDue) return false;
    this.touchDue = moment + Math.ceil(touchThreshold(this.record.idleTimeout));
    return true;
  }

  /** Takes over the activity that was seen on another copy of the same session. */
  inherit({ seen, touchDue }: HeldSession): void {
    this.seen = Math.max(this.seen, seen);
    this.touchDue = Math.max(this.touchDue, touchDue);
  }

  /** Activity of which another part of this process knows, epoch milliseconds. */
  alsoSeen(lastSeenAt: number): void {
    this.seen = Math.max(this.seen, lastSeenAt - START);
  }
}
