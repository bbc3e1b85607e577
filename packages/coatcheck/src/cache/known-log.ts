import type { LogItem, LogPosition, RevocationScope, Snapshot } from "../session/store.ts";
import { compactId } from "../session/token.ts";

/** A scope that reaches many sessions. */
export type MassScope = Exclude<RevocationScope, { session: string }>;

interface SessionMark {
  readonly leastVersion: number;
  readonly position: LogPosition;
}

/**
 * What this process knows of the revocation log: which copies it refuses. Refusing costs a read of the store, never a
 * logout, so everything here may refuse too much and nothing may refuse too little. In particular `except` is ignored:
 * the spared session is read once more, and its new copy passes.
 *
 * Marks are complete from the *horizon* on: every log item at or above it that an answered poll reached is here. A copy
 * older than the horizon is refused, which is what lets old marks be forgotten.
 */
export class KnownLog {
  readonly #capacity: number;
  readonly #sessions = new Map<string, SessionMark>();
  readonly #masses = new Map<string, LogPosition>();
  /** Scope → the number of the newest poll begun when it fell under suspicion; a later one clears it. */
  readonly #suspects = new Map<string, number>();
  #suspectMasses = 0;
  #horizon: LogPosition = Number.POSITIVE_INFINITY;
  #massHorizon: LogPosition = 0;
  #newestMass: LogPosition = -1;

  /** `capacity`: how many marks of each kind to keep before the older half is forgotten. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The position from which on the marks are complete; Infinity before the first poll. */
  get horizon(): LogPosition {
    return this.#horizon;
  }

  /** How many marks are kept. */
  get size(): number {
    return this.#sessions.size + this.#masses.size;
  }

  /** The log is known from `position` on, and nothing before it; Infinity: nothing at all. */
  beginAt(position: LogPosition): void {
    this.#horizon = position;
  }

  learn(item: LogItem): void {
    if ("session" in item) {
      const key = compactId(item.session);
      const known = this.#sessions.get(key);
      // Deleted first, so that the map stays in the order of the log and the oldest marks come first.
      this.#sessions.delete(key);
      this.#sessions.set(key, {
        leastVersion: Math.max(item.leastVersion, known?.leastVersion ?? 0),
        position: Math.max(item.position, known?.position ?? 0),
      });
    } else {
      const name = massName(item.scope);
      const position = Math.max(item.position, this.#masses.get(name) ?? 0);
      this.#masses.delete(name);
      this.#masses.set(name, position);
      this.#newestMass = Math.max(this.#newestMass, position);
    }
  }

  /** Forgets the older half of the marks when there are too many; copies from before them are refused from now on. */
  trim(): void {
    if (this.#sessions.size > this.#capacity) {
      for (const [key, { position }] of this.#sessions) {
        if (this.#sessions.size <= this.#capacity / 2) break;
        this.#sessions.delete(key);
        this.#horizon = Math.max(this.#horizon, position + 1);
      }
    }
    if (this.#masses.size > this.#capacity) {
      for (const [name, position] of this.#masses) {
        if (this.#masses.size <= this.#capacity / 2) break;
        this.#masses.delete(name);
        this.#massHorizon = Math.max(this.#massHorizon, position + 1);
      }
      this.#horizon = Math.max(this.#horizon, this.#massHorizon);
    }
  }

  /**
   * Something was revoked, but where in the log is not known yet: refuses every copy it reaches until a poll numbered
   * above `pollNumber` has been answered, since that one brings the item itself.
   */
  suspect(scope: RevocationScope, pollNumber: number): void {
    const isMass = !("session" in scope);
    const name = isMass ? massName(scope) : compactId(scope.session);
    if (isMass && !this.#suspects.has(name)) this.#suspectMasses++;
    this.#suspects.set(name, pollNumber);
  }

  /** A poll was answered: suspicions that are older than it are certainties now, or were nothing. */
  settle(pollNumber: number): void {
    for (const [name, since] of this.#suspects) {
      if (since >= pollNumber) continue;
      this.#suspects.delete(name);
      if (isMassName(name)) this.#suspectMasses--;
    }
  }

  /** Whether a copy may be held or handed out, as far as the log is known: the check of every fill. */
  admits(key: string, snapshot: Snapshot): boolean {
    if (snapshot.position < this.#horizon) return false;
    if (this.#suspects.has(key)) return false;
    const mark = this.#sessions.get(key);
    if (mark !== undefined && snapshot.record.version < mark.leastVersion) return false;
    return this.spares(snapshot);
  }

  /**
   * Whether no mass revocation reaches a copy: the part of the check that is made at every request, because dropping
   * a tenant's copies one by one when the item comes would stop a process that holds a million. One comparison for
   * copies that were read after the newest of them.
   */
  spares(snapshot: Snapshot): boolean {
    if (snapshot.position > this.#newestMass && this.#suspectMasses === 0) return true;
    return this.#sparesOneByOne(snapshot);
  }

  #sparesOneByOne({ record, position }: Snapshot): boolean {
    if (position < this.#massHorizon) return false;
    if (this.#isReached(EVERYONE, position)) return false;
    if (record.subject !== null && this.#isReached(`subject:${record.subject}`, position)) return false;
    return record.tenant === null || !this.#isReached(`tenant:${record.tenant}`, position);
  }

  #isReached(name: string, position: LogPosition): boolean {
    const at = this.#masses.get(name);
    return (at !== undefined && position <= at) || this.#suspects.has(name);
  }
}

const EVERYONE = "everyone:";

/** The colon keeps these apart from compact ids, which are base64url. */
function massName(scope: MassScope): string {
  if ("subject" in scope) return `subject:${scope.subject}`;
  return "tenant" in scope ? `tenant:${scope.tenant}` : EVERYONE;
}

function isMassName(name: string): boolean {
  return name.includes(":");
}
