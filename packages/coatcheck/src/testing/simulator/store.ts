import type { SessionRecord } from "../../session/record.ts";
import type { LogItem, LogPage, LogPosition, RevocationScope, Snapshot } from "../../session/store.ts";
import type { Agenda } from "./agenda.ts";

/** Milliseconds until the log is swept: longer than the silence that a core bears and the slowest message together. */
const LOG_KEPT_FOR = 5000;

/** When copies below a version of a session became invalid. */
interface Invalidation {
  readonly at: number;
  readonly version: number;
}

/**
 * A durable store as hard to follow as PostgreSQL: a transaction draws its log position when it begins and shows when
 * it commits, so a lower position may show later. Invalidating makes a new version and leaves the session active, so
 * that the same few sessions can be invalidated again and again.
 */
export class SimulatedStore {
  readonly #agenda: Agenda;
  readonly #rows = new Map<string, SessionRecord>();
  readonly #history = new Map<string, Invalidation[]>();
  readonly #log: { readonly item: LogItem; readonly at: number }[] = [];
  readonly #underWay = new Set<LogPosition>();
  #nextPosition: LogPosition = 1;

  constructor(agenda: Agenda, records: readonly SessionRecord[]) {
    this.#agenda = agenda;
    for (const record of records) {
      this.#rows.set(record.id, record);
      this.#history.set(record.id, []);
    }
  }

  get(id: string): Snapshot {
    return { record: this.#rows.get(id) as SessionRecord, position: this.#known() };
  }

  changes(cursor: LogPosition | null): LogPage {
    if (cursor === null) return { items: [], cursor: this.#known() };
    const sweptBefore = this.#agenda.now - LOG_KEPT_FOR;
    const entries = this.#log.filter(({ item, at }) => item.position >= cursor && at >= sweptBefore);
    return { items: entries.map(({ item }) => item), cursor: this.#known() };
  }

  /** New versions of all that the scope reaches, and one log item. `commitDelay`: how long the transaction is open. */
  invalidate(scope: RevocationScope, commitDelay: number, done: (reached: SessionRecord[]) => void): void {
    const position = this.#nextPosition++;
    this.#underWay.add(position);
    const append = (item: LogItem) => this.#log.push({ item, at: this.#agenda.now });
    this.#agenda.after(commitDelay, () => {
      const reached = Array.from(this.#rows.values())
        .filter((record) => isReached(scope, record))
        .map((record) => this.#write({ ...record, version: record.version + 1 }));
      for (const { id, version } of reached) {
        this.#history.get(id)?.push({ at: this.#agenda.now, version });
        if ("session" in scope) append({ position, session: id, leastVersion: version });
      }
      if (!("session" in scope)) append({ position, scope });
      this.#underWay.delete(position);
      done(reached);
    });
  }

  /** A new version of the data: nothing for the log. */
  write(id: string): SessionRecord {
    const { record } = this.get(id);
    return this.#write({ ...record, version: record.version + 1 });
  }

  /** How long before `at` a copy of this version was invalid already, milliseconds; 0 while it was good. */
  staleness(id: string, version: number, at: number): number {
    const overtaken = this.#history.get(id)?.find((invalidation) => invalidation.version > version);
    return overtaken === undefined ? 0 : Math.max(0, at - overtaken.at);
  }

  #write(record: SessionRecord): SessionRecord {
    this.#rows.set(record.id, record);
    return record;
  }

  /** Below this position everything has been decided: PostgreSQL's `pg_snapshot_xmin`. */
  #known(): LogPosition {
    return Math.min(this.#nextPosition, ...this.#underWay);
  }
}

function isReached(scope: RevocationScope, record: SessionRecord): boolean {
  if ("session" in scope) return record.id === scope.session;
  if ("subject" in scope) return record.subject === scope.subject;
  return "tenant" in scope ? record.tenant === scope.tenant : true;
}
