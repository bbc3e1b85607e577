import { type Clock, isLive, type Schedule, type SessionManager, type SessionRecord } from "coatcheck";

/** The interval between polls for changes by other processes, in milliseconds. */
const POLL_INTERVAL = 1000;

/** Receives each new version of the session, or null when the session has ended or was deleted. */
export type Watcher = (record: SessionRecord | null) => void;

interface WatchedSession {
  readonly watchers: Set<Watcher>;
  version: number;
  cancel: () => void;
}

/**
 * Notifies watchers of changes to sessions. Changes made in this process arrive immediately, through the manager's
 * events; changes made by other processes arrive by polling. Only watched sessions are polled.
 */
export class SessionNotifier {
  readonly #manager: SessionManager;
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #watched = new Map<string, WatchedSession>();

  constructor(manager: SessionManager, clock: Clock, schedule: Schedule) {
    this.#manager = manager;
    this.#clock = clock;
    this.#schedule = schedule;
    const notify = ({ record }: { readonly record: SessionRecord }) => this.#notify(record.id, record);
    manager.events.on("changed", notify);
    manager.events.on("authenticated", notify);
    manager.events.on("revoked", () => {
      for (const id of this.#watched.keys()) void this.#poll(id);
    });
  }

  /**
   * Watches a session for versions that are newer than `record`.
   *
   * @returns a function that stops watching.
   */
  watch(record: SessionRecord, watcher: Watcher): () => void {
    const { id } = record;
    let watched = this.#watched.get(id);
    if (!watched) {
      watched = { watchers: new Set(), version: record.version, cancel: () => {} };
      this.#watched.set(id, watched);
      this.#pollLater(id, watched);
    }
    const { watchers } = watched;
    watchers.add(watcher);
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0) this.#forget(id);
    };
  }

  #pollLater(id: string, watched: WatchedSession): void {
    watched.cancel = this.#schedule(POLL_INTERVAL, async () => {
      await this.#poll(id);
      if (this.#watched.get(id) === watched) this.#pollLater(id, watched);
    });
  }

  async #poll(id: string): Promise<void> {
    try {
      const record = await this.#manager.find(id);
      this.#notify(id, record && isLive(record, this.#clock.now()) ? record : null);
    } catch {
      // The store is unavailable. A later poll reports the changes.
    }
  }

  #notify(id: string, record: SessionRecord | null): void {
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
