/** Upper bounds of the buckets, milliseconds; one more bucket takes what is above the last. */
export const LATENCY_BOUNDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500] as const;

/** Latencies as Prometheus and OpenTelemetry want them. */
export interface LatencySnapshot {
  /** Milliseconds; as {@link LATENCY_BOUNDS}. */
  readonly bounds: readonly number[];
  /** How many fell into each bucket, not cumulated; one longer than `bounds`. */
  readonly counts: readonly number[];
  readonly count: number;
  /** Milliseconds in all. */
  readonly sum: number;
}

/** Counts latencies in fixed buckets. */
export class LatencyHistogram {
  readonly #counts = new Array<number>(LATENCY_BOUNDS.length + 1).fill(0);
  #count = 0;
  #sum = 0;

  /** Records one latency, milliseconds. */
  record(latency: number): void {
    const bucket = LATENCY_BOUNDS.findIndex((bound) => latency <= bound);
    const index = bucket === -1 ? LATENCY_BOUNDS.length : bucket;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count++;
    this.#sum += latency;
  }

  snapshot(): LatencySnapshot {
    return { bounds: LATENCY_BOUNDS, counts: [...this.#counts], count: this.#count, sum: this.#sum };
  }
}
