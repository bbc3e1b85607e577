/**
 * Decides whether what is held may answer at all, at this moment. Three ways, one for each kind of deployment;
 * all are pure: the caller brings the time.
 */
export interface Lease {
  /** Compared at the request, never by a timer: a process that was paused must not answer on yesterday's word. */
  holds(monotonic: number, wall: number): boolean;
  /** Called *before* a poll of the log is sent; what it returns is called when that poll has been answered. */
  ask(monotonic: number, wall: number): () => void;
  /** Milliseconds since the newest answered poll was sent; Infinity before the first. */
  age(monotonic: number, wall: number): number;
}

/**
 * Several processes, anywhere: a copy answers for `bound` milliseconds after the newest answered poll was sent.
 *
 * Elapsed time is the greater of monotonic and wall time: a virtual machine's pause can stop the first, and somebody
 * can set back the second. Either running on is enough; a jump forward only costs a poll.
 */
export class TimedLease implements Lease {
  readonly #bound: number;
  #monotonic = Number.NEGATIVE_INFINITY;
  #wall = Number.NEGATIVE_INFINITY;

  constructor(bound: number) {
    this.#bound = bound;
  }

  holds(monotonic: number, wall: number): boolean {
    return monotonic - this.#monotonic <= this.#bound && wall - this.#wall <= this.#bound;
  }

  ask(monotonic: number, wall: number): () => void {
    return () => {
      if (monotonic < this.#monotonic) return;
      this.#monotonic = monotonic;
      this.#wall = wall;
    };
  }

  age(monotonic: number, wall: number): number {
    return Math.max(monotonic - this.#monotonic, wall - this.#wall);
  }
}

/**
 * Several processes on one host over one SQLite file: a copy answers while nobody else has committed since before the
 * newest answered poll was sent. `dataVersion` is `PRAGMA data_version`, read at every request, so there is no staleness.
 */
export class WatchedLease implements Lease {
  readonly #dataVersion: () => number;
  readonly #age = new TimedLease(Number.POSITIVE_INFINITY);
  #seen: number | null = null;
  #order = 0;
  #newest = -1;

  constructor(dataVersion: () => number) {
    this.#dataVersion = dataVersion;
  }

  holds(): boolean {
    return this.#seen !== null && this.#now() === this.#seen;
  }

  ask(monotonic: number, wall: number): () => void {
    const renewAge = this.#age.ask(monotonic, wall);
    const order = this.#order++;
    const dataVersion = this.#now();
    return () => {
      renewAge();
      if (order < this.#newest) return;
      this.#newest = order;
      this.#seen = dataVersion;
    };
  }

  age(monotonic: number, wall: number): number {
    return this.#age.age(monotonic, wall);
  }

  /** NaN, which equals nothing, while the file cannot be read. */
  #now(): number {
    try {
      return this.#dataVersion();
    } catch {
      return Number.NaN;
    }
  }
}

/** One process alone: everything is written here, so nothing held can be out of date without being told. */
export class SoleLease implements Lease {
  readonly #age = new TimedLease(Number.POSITIVE_INFINITY);

  holds(): boolean {
    return true;
  }

  ask(monotonic: number, wall: number): () => void {
    return this.#age.ask(monotonic, wall);
  }

  age(monotonic: number, wall: number): number {
    return this.#age.age(monotonic, wall);
  }
}
