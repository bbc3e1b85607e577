/** Generates random numbers that are the same in every run (Mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** Returns a number from 0 to 1, which can be 0 but not 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Returns an integer from `from` to `to`, both included. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /** Returns true with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pickItem<Item>(items: readonly Item[]): Item {
    const item = items[this.integer(0, items.length - 1)];
    if (item === undefined) throw new RangeError("An empty list has nothing to pick.");
    return item;
  }

  /** Returns a copy in random order (Fisher–Yates). */
  shuffle<Item>(items: readonly Item[]): Item[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = this.integer(0, last);
      [shuffled[last], shuffled[other]] = [shuffled[other] as Item, shuffled[last] as Item];
    }
    return shuffled;
  }

  /** Returns `digits` random hexadecimal digits. */
  hexDigits(digits: number): string {
    return Array.from({ length: digits }, () => this.integer(0, 15).toString(16)).join("");
  }

  /** Returns a UUID v4. */
  uuid(): string {
    return `${this.hexDigits(8)}-${this.hexDigits(4)}-4${this.hexDigits(3)}-a${this.hexDigits(3)}-${this.hexDigits(12)}`;
  }

  /** Returns a UUID v7 for a time in epoch milliseconds. */
  uuidV7At(time: number): string {
    const stamp = time.toString(16).padStart(12, "0");
    return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${this.hexDigits(3)}-a${this.hexDigits(3)}-${this.hexDigits(12)}`;
  }
}
