import { touchThreshold } from "./policy.ts";
import { endsAt, type SessionRecord } from "./record.ts";
import type { LogPosition, Snapshot } from "./store.ts";

/** Times are kept as milliseconds since this one: for 24 days they fit V8's small integers, which need no heap object. */
const EPOCH = Date.now();

/**
 * A session in this process: the frozen record, and the activity seen here since it was read.
 *
 * With many sessions in memory, nearly every access misses the processor's caches. Everything that each request reads is
 * therefore in this one object. The fields are declared without initial values: V8 would store the numbers of a field
 * that starts as `undefined` in heap objects.
 */
export class CachedSession implements Snapshot {
  declare readonly record: SessionRecord;
  declare readonly position: LogPosition;
  /** The hash of the present secret; null until its first use has been recorded, and once the session is revoked. */
  declare readonly currentHash: string | null;
  /** Whole seconds since the Unix epoch. Before this time the session is certainly within its timeouts. */
  declare private liveUntil: number;
  declare private lastSeen: number;
  /** When the next touch must be written. */
  declare private touchDue: number;

  constructor({ record, position }: Snapshot) {
    const { state, secretHash, olderSecrets, tokenUsedAt, lastSeenAt, idleTimeout } = record;
    const isUsed = olderSecrets.length === 0 || tokenUsedAt !== null;
    this.record = record;
    this.position = position;
    this.currentHash = state === "active" && isUsed ? secretHash : null;
    this.liveUntil = Math.floor(endsAt(record) / 1000);
    this.lastSeen = lastSeenAt - EPOCH;
    this.touchDue = this.lastSeen + Math.ceil(touchThreshold(idleTimeout));
  }

  /** The latest known activity, epoch milliseconds; never before `record.lastSeenAt`. */
  get lastSeenAt(): number {
    return EPOCH + this.lastSeen;
  }

  /** Whether a timeout has ended the session at `now`, epoch milliseconds. Does not check revocation. */
  hasExpired(now: number): boolean {
    if (now < this.liveUntil * 1000) return false;
    const { expiresAt, idleTimeout } = this.record;
    const end = endsAt({ expiresAt, idleTimeout, lastSeenAt: this.lastSeenAt });
    this.liveUntil = Math.floor(end / 1000);
    return now >= end;
  }

  /**
   * Records activity at `now`, epoch milliseconds.
   *
   * @returns true when a touch is due. The caller must then queue one; the next is due a threshold later.
   */
  recordActivity(now: number): boolean {
    const seen = now - EPOCH;
    if (seen <= this.lastSeen) return false;
    this.lastSeen = seen;
    if (seen < this.touchDue) return false;
    this.touchDue = seen + Math.ceil(touchThreshold(this.record.idleTimeout));
    return true;
  }

  /** Takes over the activity of another copy of the same session. */
  inheritActivity({ lastSeen, touchDue }: CachedSession): void {
    this.lastSeen = Math.max(this.lastSeen, lastSeen);
    this.touchDue = Math.max(this.touchDue, touchDue);
  }

  /** Takes over activity recorded elsewhere in this process, epoch milliseconds. */
  mergeLastSeen(lastSeenAt: number): void {
    this.lastSeen = Math.max(this.lastSeen, lastSeenAt - EPOCH);
  }
}
