import { touchThreshold } from "./policy.ts";
import { endsAt, type SessionRecord } from "./record.ts";
import type { LogPosition, Snapshot } from "./store.ts";

/**
 * Times are stored as milliseconds since this time. For the first 24 days these numbers are small integers in V8, which
 * need no heap object.
 */
const PROCESS_EPOCH = Date.now();

/**
 * A session in the memory of this process: its frozen record, and the latest activity that this process has recorded.
 *
 * With many sessions in memory, nearly every access misses the processor's caches. This one object therefore contains
 * everything that each request reads. The fields are declared without initial values, because V8 stores the numbers of
 * a field that starts as `undefined` in heap objects.
 */
export class CachedSession implements Snapshot {
  declare readonly record: SessionRecord;
  declare readonly position: LogPosition;
  /**
   * The hash of the present secret. Null until the first use of that secret has been recorded, and after a revocation.
   */
  declare readonly currentHash: string | null;
  /** Whole seconds since the Unix epoch. Until this time the session cannot expire, so no exact check is needed. */
  declare private liveUntil: number;
  declare private lastSeen: number;
  /** When the next touch, which stores the latest activity, must be written. */
  declare private touchDue: number;

  constructor({ record, position }: Snapshot) {
    const { state, secretHash, olderSecrets, tokenUsedAt, lastSeenAt, idleTimeout } = record;
    const isUsed = olderSecrets.length === 0 || tokenUsedAt !== null;
    this.record = record;
    this.position = position;
    this.currentHash = state === "active" && isUsed ? secretHash : null;
    this.liveUntil = Math.floor(endsAt(record) / 1000);
    this.lastSeen = lastSeenAt - PROCESS_EPOCH;
    this.touchDue = this.lastSeen + Math.ceil(touchThreshold(idleTimeout));
  }

  /** The latest known activity, epoch milliseconds; never before `record.lastSeenAt`. */
  get lastSeenAt(): number {
    return PROCESS_EPOCH + this.lastSeen;
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
   * @returns true when a touch is due. The caller must then queue it. The next touch becomes due after another {@link
   *   touchThreshold}.
   */
  recordActivity(now: number): boolean {
    const seen = now - PROCESS_EPOCH;
    if (seen <= this.lastSeen) return false;
    this.lastSeen = seen;
    if (seen < this.touchDue) return false;
    this.touchDue = seen + Math.ceil(touchThreshold(this.record.idleTimeout));
    return true;
  }

  /** Copies the activity of another copy of the same session. */
  inheritActivity({ lastSeen, touchDue }: CachedSession): void {
    this.lastSeen = Math.max(this.lastSeen, lastSeen);
    this.touchDue = Math.max(this.touchDue, touchDue);
  }

  /** Records activity that another part of this process has recorded, epoch milliseconds. */
  mergeLastSeen(lastSeenAt: number): void {
    this.lastSeen = Math.max(this.lastSeen, lastSeenAt - PROCESS_EPOCH);
  }
}
