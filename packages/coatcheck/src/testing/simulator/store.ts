import type { SessionRecord } from "../../session/record.ts";
import type { LogItem, LogPage, LogPosition, RevocationScope, Snapshot } from "../../session/store.ts";
import type { EventQueue } from "./event-queue.ts";

/**
 * Retention of the log, in milliseconds: longer than a core's `maxTimeWithoutPoll` plus the delay of the slowest
 * message.
 */
const LOG_RETENTION = 5000;

/** The time at which all copies of a session with a version below `version` became invalid. */
interface Invalidation {
  readonly at: number;
  readonly version: number;
}

/**
 * A durable store with PostgreSQL's commit order: a transaction takes its log position when it starts and becomes
 * visible when it commits, so a lower position may become visible later. Invalidating a session creates a new version
 * and keeps it active, so that the same few sessions can be invalidated repeatedly.
 */
export class SimulatedStore {
  readonly #events: EventQueue;
  readonly #rows = new Map<string, SessionRecord>();
  readonly #history = new Map<string, Invalidation[]>();
  readonly #log: { readonly item: LogItem; readonly at: number }[] = [];
  readonly #openTransactions = new Set<LogPosition>();
  #nextPosition: LogPosition = 1;

  constructor(events: EventQueue, records: readonly SessionRecord[]) {
    this.#events = events;
    for (const record of records) {
      this.#rows.set(record.id, record);
      this.#history.set(record.id, []);
    }
  }

  get(id: string): Snapshot {
    return { record: this.#rows.get(id) as SessionRecord, position: this.#horizon() };
  }

  changes(cursor: LogPosition | null): LogPage {
    if (cursor === null) return { items: [], cursor: this.#horizon() };
    const sweptBefore = this.#events.now - LOG_RETENTION;
    const entries = this.#log.filter(({ item, at }) => item.position >= cursor && at >= sweptBefore);
    return { items: entries.map(({ item }) => item), cursor: this.#horizon() };
  }

  /**
   * Creates a new version of each session in the scope, and appends to the log.
   *
   * @param commitDelay milliseconds for which the transaction is open.
   * @param done is called at commit, with the new records.
   */
  invalidate(
    scope: RevocationScope,
    commitDelay: number,
    done: (invalidated: SessionRecord[]) => void,
  ): void {
    const position = this.#nextPosition++;
    this.#openTransactions.add(position);
    const append = (item: LogItem) => this.#log.push({ item, at: this.#events.now });
    this.#events.schedule(commitDelay, () => {
      const invalidated = Array.from(this.#rows.values())
        .filter((record) => isInScope(scope, record))
        .map((record) => this.#write({ ...record, version: record.version + 1 }));
      for (const { id, version } of invalidated) {
        this.#history.get(id)?.push({ at: this.#events.now, version });
        if ("session" in scope) append({ position, session: id, minVersion: version });
      }
      if (!("session" in scope)) append({ position, scope });
      this.#openTransactions.delete(position);
      done(invalidated);
    });
  }

  /** Creates a new version of the data, without a log item. */
  write(id: string): SessionRecord {
    const { record } = this.get(id);
    return this.#write({ ...record, version: record.version + 1 });
  }

  /** Milliseconds for which a copy of this version has been invalid at time `at`; 0 if it is valid. */
  staleness(id: string, version: number, at: number): number {
    const successor = this.#history.get(id)?.find((invalidation) => invalidation.version > version);
    return successor === undefined ? 0 : Math.max(0, at - successor.at);
  }

  #write(record: SessionRecord): SessionRecord {
    this.#rows.set(record.id, record);
    return record;
  }

  /** Returns the highest position below which every transaction has ended, like PostgreSQL's `pg_snapshot_xmin`. */
  #horizon(): LogPosition {
    return Math.min(this.#nextPosition, ...this.#openTransactions);
  }
}

function isInScope(scope: RevocationScope, record: SessionRecord): boolean {
  if ("session" in scope) return record.id === scope.session;
  if ("subject" in scope) return record.subject === scope.subject;
  return "tenant" in scope ? record.tenant === scope.tenant : true;
}
