import type { Clock } from "../../session/clock.ts";
import type { CountedKind, DocumentCount } from "../event.ts";

const HOUR = 3_600_000;

/**
 * Counts documents by kind, hour and tenant, so that many bot requests cause one stored count instead of one row
 * each.
 */
export class DocumentCounter {
  readonly #clock: Clock;
  readonly #newId: () => string;
  readonly #counts = new Map<string, Omit<DocumentCount, "id">>();

  constructor(clock: Clock, newId: () => string) {
    this.#clock = clock;
    this.#newId = newId;
  }

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  /** Adds documents to the current hour. */
  add(kind: CountedKind, tenant: string | null, documents = 1): void {
    const now = this.#clock.now();
    const hour = now - (now % HOUR);
    const key = JSON.stringify([kind, hour, tenant]);
    const before = this.#counts.get(key)?.documents ?? 0;
    this.#counts.set(key, { kind, hour, tenant, documents: before + documents });
  }

  /** Returns the counts since the last call. A returned count has an id and is never changed again. */
  takeCounts(): DocumentCount[] {
    const counts = Array.from(this.#counts.values(), (count) => ({ id: this.#newId(), ...count }));
    this.#counts.clear();
    return counts;
  }
}
