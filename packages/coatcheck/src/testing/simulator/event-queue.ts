/** A scheduled event. */
interface ScheduledEvent {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Event queue in simulated time. Runs events by time; events at the same time run in the order they were scheduled. */
export class EventQueue {
  readonly #heap: ScheduledEvent[] = [];
  #scheduled = 0;
  /** True time: milliseconds since the simulation started. */
  now = 0;

  /** Schedules an event `delay` milliseconds from now. */
  schedule(delay: number, run: () => void): void {
    const entry = { at: this.now + delay, order: this.#scheduled++, run };
    let index = this.#heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) break;
      this.#swap(index, parent);
      index = parent;
    }
  }

  /** Runs all events that are scheduled for `end` or earlier. */
  runUntil(end: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#removeFirst();
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      let least = index;
      if (left < this.#heap.length && this.#isBefore(left, least)) least = left;
      if (left + 1 < this.#heap.length && this.#isBefore(left + 1, least)) least = left + 1;
      if (least === index) return;
      this.#swap(index, least);
      index = least;
    }
  }

  #isBefore(left: number, right: number): boolean {
    const one = this.#heap[left] as ScheduledEvent;
    const other = this.#heap[right] as ScheduledEvent;
    return one.at < other.at || (one.at === other.at && one.order < other.order);
  }

  #swap(left: number, right: number): void {
    const entry = this.#heap[left] as ScheduledEvent;
    this.#heap[left] = this.#heap[right] as ScheduledEvent;
    this.#heap[right] = entry;
  }
}
