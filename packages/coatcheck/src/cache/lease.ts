/**
 * Decides whether cached copies may be served now. There is one implementation for each kind of deployment. The caller
 * passes the current time.
 */
export interface Lease {
  /**
   * Checked at each request, never by a timer, because a process that was paused must not serve copies under an expired
   * lease.
   */
  isValid(monotonic: number, wall: number): boolean;
  /** Call it *before* a poll of the log is sent. Call the returned function when that poll has succeeded. */
  beginRenewal(monotonic: number, wall: number): () => void;
  /** Milliseconds since the newest successful poll was sent; Infinity before the first. */
  age(monotonic: number, wall: number): number;
}

/**
 * For several processes on any number of machines. Valid for `bound` milliseconds after the newest successful poll was
 * sent.
 *
 * Elapsed time is the greater of monotonic and wall time: pausing a virtual machine can stop the monotonic clock, and
 * an administrator can set back the wall clock. So one running clock is enough. If a clock jumps forward, the only cost
 * is one more poll.
 */
export class TimedLease implements Lease {
  readonly #duration: number;
  #monotonic = Number.NEGATIVE_INFINITY;
  #wall = Number.NEGATIVE_INFINITY;

  constructor(bound: number) {
    this.#duration = bound;
  }

  isValid(monotonic: number, wall: number): boolean {
    return monotonic - this.#monotonic <= this.#duration && wall - this.#wall <= this.#duration;
  }

  beginRenewal(monotonic: number, wall: number): () => void {
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
 * For several processes on one host with one SQLite file. Valid while no other connection has committed since the
 * newest successful poll was sent. `dataVersion` returns `PRAGMA data_version`; reading it at every request rules out
 * staleness.
 */
export class DataVersionLease implements Lease {
  readonly #dataVersion: () => number;
  readonly #age = new TimedLease(Number.POSITIVE_INFINITY);
  #renewedVersion: number | null = null;
  #polls = 0;
  #newestPoll = -1;

  constructor(dataVersion: () => number) {
    this.#dataVersion = dataVersion;
  }

  isValid(): boolean {
    return this.#renewedVersion !== null && this.#currentVersion() === this.#renewedVersion;
  }

  beginRenewal(monotonic: number, wall: number): () => void {
    const renewAge = this.#age.beginRenewal(monotonic, wall);
    const poll = this.#polls++;
    const dataVersion = this.#currentVersion();
    return () => {
      renewAge();
      if (poll < this.#newestPoll) return;
      this.#newestPoll = poll;
      this.#renewedVersion = dataVersion;
    };
  }

  age(monotonic: number, wall: number): number {
    return this.#age.age(monotonic, wall);
  }

  /** NaN if the file cannot be read: NaN equals no version, so the lease is invalid. */
  #currentVersion(): number {
    try {
      return this.#dataVersion();
    } catch {
      return Number.NaN;
    }
  }
}

/** For a single process. Always valid, because every write happens in this process, so no copy can be out of date. */
export class SingleProcessLease implements Lease {
  readonly #age = new TimedLease(Number.POSITIVE_INFINITY);

  isValid(): boolean {
    return true;
  }

  beginRenewal(monotonic: number, wall: number): () => void {
    return this.#age.beginRenewal(monotonic, wall);
  }

  age(monotonic: number, wall: number): number {
    return this.#age.age(monotonic, wall);
  }
}
