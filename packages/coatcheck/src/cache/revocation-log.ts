import type { LogItem, LogPosition, RevocationScope, Snapshot } from "../session/store.ts";
import { compactId } from "../session/token.ts";

/** A scope that can match many sessions. */
export type MassScope = Exclude<RevocationScope, { session: string }>;

interface SessionEntry {
  readonly minVersion: number;
  readonly position: LogPosition;
}

/**
 * This process's view of the revocation log; it decides which copies must be refused. Refusing too many copies only
 * costs store reads; refusing too few would serve a revoked session. So the `except` of a revocation is ignored: the
 * excepted session is read once more, and the new copy is allowed.
 *
 * A *mark* is one revocation kept in memory. The marks are complete from the log position *horizon* on: no log item
 * that a successful poll has returned from there on is missing. Copies read before the horizon are refused, so marks
 * below the horizon can be deleted.
 */
export class RevocationLog {
  readonly #capacity: number;
  readonly #sessionMarks = new Map<string, SessionEntry>();
  readonly #massMarks = new Map<string, LogPosition>();
  /**
   * Pending revocations: scope → number of the last poll that was sent before the revocation. The response to a later
   * poll removes the scope.
   */
  readonly #pending = new Map<string, number>();
  #pendingMassCount = 0;
  #horizon: LogPosition = Number.POSITIVE_INFINITY;
  #massHorizon: LogPosition = 0;
  #newestMassPosition: LogPosition = -1;

  /** `capacity`: the maximum number of marks of each kind. Above it the older half is deleted. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The log position from which the marks are complete; Infinity before the first poll. */
  get horizon(): LogPosition {
    return this.#horizon;
  }

  /** Number of marks. */
  get size(): number {
    return this.#sessionMarks.size + this.#massMarks.size;
  }

  /** Sets the horizon: this process knows the log from `position` on. Infinity: it knows nothing. */
  startAt(position: LogPosition): void {
    this.#horizon = position;
  }

  /** Adds one log item as a mark. Items may repeat and may arrive in any order. */
  apply(item: Exclude<LogItem, { key: string }>): void {
    if ("session" in item) {
      const key = compactId(item.session);
      const mark = this.#sessionMarks.get(key);
      // Deleting the key first moves it to the end, so the oldest marks come first.
      this.#sessionMarks.delete(key);
      this.#sessionMarks.set(key, {
        minVersion: Math.max(item.minVersion, mark?.minVersion ?? 0),
        position: Math.max(item.position, mark?.position ?? 0),
      });
    } else {
      const name = massScopeKey(item.scope);
      const position = Math.max(item.position, this.#massMarks.get(name) ?? 0);
      this.#massMarks.delete(name);
      this.#massMarks.set(name, position);
      this.#newestMassPosition = Math.max(this.#newestMassPosition, position);
    }
  }

  /**
   * If there are more marks than `capacity`, deletes the older half. The horizon rises above the positions of the
   * deleted marks, so that copies from before them are refused.
   */
  trim(): void {
    if (this.#sessionMarks.size > this.#capacity) {
      for (const [key, { position }] of this.#sessionMarks) {
        if (this.#sessionMarks.size <= this.#capacity / 2) break;
        this.#sessionMarks.delete(key);
        this.#horizon = Math.max(this.#horizon, position + 1);
      }
    }
    if (this.#massMarks.size > this.#capacity) {
      for (const [name, position] of this.#massMarks) {
        if (this.#massMarks.size <= this.#capacity / 2) break;
        this.#massMarks.delete(name);
        this.#massHorizon = Math.max(this.#massHorizon, position + 1);
      }
      this.#horizon = Math.max(this.#horizon, this.#massHorizon);
    }
  }

  /**
   * Marks a revocation as pending: its log position is not known yet. Every copy in its scope is refused until a poll
   * numbered above `pollNumber` has returned the log item.
   */
  markPending(scope: RevocationScope, pollNumber: number): void {
    const isMass = !("session" in scope);
    const name = isMass ? massScopeKey(scope) : compactId(scope.session);
    if (isMass && !this.#pending.has(name)) this.#pendingMassCount++;
    this.#pending.set(name, pollNumber);
  }

  /**
   * Clears the revocations marked before this poll was sent: if they were stored, the response contained their log
   * items.
   */
  clearPending(pollNumber: number): void {
    for (const [name, sentBefore] of this.#pending) {
      if (sentBefore >= pollNumber) continue;
      this.#pending.delete(name);
      if (isMassScopeKey(name)) this.#pendingMassCount--;
    }
  }

  /** Whether a copy may be cached or served according to the known log. Checked at every fill. */
  allowsFill(key: string, snapshot: Snapshot): boolean {
    if (snapshot.position < this.#horizon) return false;
    if (this.#pending.has(key)) return false;
    const mark = this.#sessionMarks.get(key);
    if (mark !== undefined && snapshot.record.version < mark.minVersion) return false;
    return this.allows(snapshot);
  }

  /**
   * Whether no mass revocation applies to a copy. Checked at every request, because dropping a tenant's copies one by
   * one when the item arrives would block a process with a million copies. For a copy read after the newest mass
   * revocation, the check is one comparison.
   */
  allows(snapshot: Snapshot): boolean {
    if (snapshot.position > this.#newestMassPosition && this.#pendingMassCount === 0) return true;
    return this.#isAllowedByMassMarks(snapshot);
  }

  #isAllowedByMassMarks({ record, position }: Snapshot): boolean {
    if (position < this.#massHorizon) return false;
    if (this.#isRevoked(EVERYONE_KEY, position)) return false;
    if (record.subject !== null && this.#isRevoked(`subject:${record.subject}`, position)) return false;
    return record.tenant === null || !this.#isRevoked(`tenant:${record.tenant}`, position);
  }

  #isRevoked(name: string, position: LogPosition): boolean {
    const at = this.#massMarks.get(name);
    return (at !== undefined && position <= at) || this.#pending.has(name);
  }
}

const EVERYONE_KEY = "everyone:";

/** The colon distinguishes these keys from compact ids, which are base64url. */
function massScopeKey(scope: MassScope): string {
  if ("subject" in scope) return `subject:${scope.subject}`;
  return "tenant" in scope ? `tenant:${scope.tenant}` : EVERYONE_KEY;
}

function isMassScopeKey(name: string): boolean {
  return name.includes(":");
}
