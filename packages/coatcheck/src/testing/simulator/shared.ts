import type { Snapshot } from "../../session/store.ts";
import type { Agenda } from "./agenda.ts";

type Kept = Snapshot | "tombstone" | undefined;

/** A shared tier that holds what Redis would, and can lose its newest writes as a failover does. */
export class SimulatedShared {
  readonly #agenda: Agenda;
  readonly #kept = new Map<string, Kept>();
  readonly #undo: { at: number; key: string; before: Kept }[] = [];

  constructor(agenda: Agenda) {
    this.#agenda = agenda;
  }

  get(key: string): Snapshot | null {
    const kept = this.#kept.get(key);
    return kept === undefined || kept === "tombstone" ? null : kept;
  }

  fill(key: string, snapshot: Snapshot): void {
    const kept = this.#kept.get(key);
    // A tombstone gives way here, since an invalidated session lives on in this world.
    if (kept !== undefined && kept !== "tombstone" && !isOlder(kept, snapshot)) return;
    this.#set(key, snapshot);
  }

  tombstone(key: string): void {
    this.#set(key, "tombstone");
  }

  /** Goes back to what it held `span` milliseconds ago. */
  loseTail(span: number): void {
    const from = this.#agenda.now - span;
    for (let last = this.#undo.at(-1); last !== undefined && last.at >= from; last = this.#undo.at(-1)) {
      this.#kept.set(last.key, last.before);
      this.#undo.pop();
    }
  }

  #set(key: string, kept: Kept): void {
    this.#undo.push({ at: this.#agenda.now, key, before: this.#kept.get(key) });
    this.#kept.set(key, kept);
  }
}

function isOlder(kept: Snapshot, { record, position }: Snapshot): boolean {
  const ahead = kept.record.version - record.version;
  return ahead < 0 || (ahead === 0 && kept.position < position);
}
