/** Upper bounds of the buckets, in milliseconds. One more bucket counts the latencies above the last bound. */
export const LATENCY_BOUNDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500] as const;

/** A latency histogram in the shape that Prometheus and OpenTelemetry expect. */
export interface LatencySnapshot {
  /** Milliseconds; equal to {@link LATENCY_BOUNDS}. */
  readonly bounds: readonly number[];
  /** Number of latencies in each bucket, not cumulative. It has one element more than `bounds`. */
  readonly counts: readonly number[];
  readonly count: number;
  /** Sum of all latencies, in milliseconds. */
  readonly sum: number;
}

/** Counts latencies in fixed buckets. */
export class LatencyHistogram {
  readonly #counts = new Array<number>(LATENCY_BOUNDS.length + 1).fill(0);
  #count = 0;
  #sum = 0;

  /** Records one latency, in milliseconds. */
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
