import { type Clock, isLive, type Schedule, type SessionManager, type SessionRecord } from "coatcheck";

/** Milliseconds after which a change that another process made is seen at the latest. */
const LOOK_EVERY = 1000;

/** Told of each change; null when the session is not there any more. */
export type Watcher = (record: SessionRecord | null) => void;

interface Watched {
  readonly watchers: Set<Watcher>;
  version: number;
  cancel: () => void;
}

/**
 * Tells of changes of sessions while they happen: those of this process at once, those of others by looking. Nothing
 * is asked of the store for sessions that nobody watches.
 */
export class LiveSessions {
  readonly #manager: SessionManager;
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #watched = new Map<string, Watched>();

  constructor(manager: SessionManager, clock: Clock, schedule: Schedule) {
    this.#manager = manager;
    this.#clock = clock;
    this.#schedule = schedule;
    const saw = ({ record }: { readonly record: SessionRecord }) => this.#saw(record.id, record);
    manager.events.on("changed", saw);
    manager.events.on("authenticated", saw);
    manager.events.on("revoked", () => {
      for (const id of this.#watched.keys()) void this.#look(id);
    });
  }

  /** Watches a session, as `record` shows it now; the result ends that. */
  watch(record: SessionRecord, watcher: Watcher): () => void {
    const { id } = record;
    let watched = this.#watched.get(id);
    if (!watched) {
      watched = { watchers: new Set(), version: record.version, cancel: () => {} };
      this.#watched.set(id, watched);
      this.#lookLater(id, watched);
    }
    const { watchers } = watched;
    watchers.add(watcher);
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0) this.#forget(id);
    };
  }

  #lookLater(id: string, watched: Watched): void {
    watched.cancel = this.#schedule(LOOK_EVERY, async () => {
      await this.#look(id);
      if (this.#watched.get(id) === watched) this.#lookLater(id, watched);
    });
  }

  async #look(id: string): Promise<void> {
    try {
      const record = await this.#manager.find(id);
      this.#saw(id, record && isLive(record, this.#clock.now()) ? record : null);
    } catch {
      // The store is away: whoever watches is told when it is back.
    }
  }

  #saw(id: string, record: SessionRecord | null): void {
    const watched = this.#watched.get(id);
    if (!watched || (record && record.version <= watched.version)) return;
    if (record) watched.version = record.version;
    else this.#forget(id);
    for (const watcher of watched.watchers) watcher(record);
  }

  #forget(id: string): void {
    this.#watched.get(id)?.cancel();
    this.#watched.delete(id);
  }
}
