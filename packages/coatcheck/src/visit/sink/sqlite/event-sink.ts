import type { DatabaseSync } from "node:sqlite";
import { UsageError } from "../../../session/usage-error.ts";
import { isBusy, waitBeforeRetry } from "../../../store/sqlite/busy.ts";
import { GroupCommit } from "../../../store/sqlite/group-commit.ts";
import type { DocumentCount } from "../../event.ts";
import type { LocalTime } from "../../facts/local-time.ts";
import type { EventBatch, EventSink, StoredOrder } from "../../sink.ts";
import { closedSinkError, sinkUnavailableError } from "../../sink-error.ts";
import { groupByVisitor, sliceGroups, type VisitorEvents } from "../group-events.ts";
import type {
  CustomerTotals,
  Expired,
  ExpireOptions,
  Person,
  PersonalData,
  VisitMaintenance,
} from "../maintenance.ts";
import { SqliteIngest } from "./ingest.ts";
import { SqliteMaintenance } from "./maintenance.ts";
import { RollupThread } from "./rollup-thread.ts";
import { VisitStatements } from "./statements.ts";

/** The dependencies of {@link SqliteEventSink}. */
export interface SinkDependencies {
  readonly database: DatabaseSync;
  readonly path: string;
  readonly time: LocalTime;
  /** Milliseconds. */
  readonly busyTimeout: number;
}

/** How long the thread that recomputes statistics waits for the write lock, in milliseconds. */
const ROLLUP_LOCK_TIMEOUT = 10_000;

/** Maximum number of events per write. Other tasks can run between two writes. */
const EVENTS_PER_WRITE = 32;

/** The sink that `sqliteEvents` returns. */
export class SqliteEventSink implements EventSink, VisitMaintenance {
  readonly #deps: SinkDependencies;
  readonly #statements: VisitStatements;
  readonly #ingest: SqliteIngest;
  readonly #commits: GroupCommit;
  readonly #thread: RollupThread;
  readonly #maintenance: SqliteMaintenance;
  #isOpen = true;

  constructor(deps: SinkDependencies) {
    const { database, path, time, busyTimeout } = deps;
    this.#deps = deps;
    this.#statements = new VisitStatements(database);
    this.#ingest = new SqliteIngest(this.#statements, time);
    this.#commits = new GroupCommit(database, busyTimeout);
    this.#thread = new RollupThread({ path, timeZone: time.timeZone, timeout: ROLLUP_LOCK_TIMEOUT });
    this.#maintenance = new SqliteMaintenance({
      database,
      commits: this.#commits,
      time,
      queryInThread: (statement) => this.#thread.query(statement),
      clearCache: () => this.#ingest.clearCache(),
    });
  }

  async write({ events, counts }: EventBatch): Promise<void> {
    this.#requireOpen();
    const slices = sliceGroups(groupByVisitor(events), EVENTS_PER_WRITE);
    const writes = slices.map((slice) => this.#writeSlice(slice));
    if (counts.length > 0) writes.push(this.#commits.run(() => this.#addCounts(counts)));
    const outcomes = await Promise.allSettled(writes);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) throw failed.reason;
  }

  async findOrder(tenant: string | null, orderId: string): Promise<StoredOrder | null> {
    return await this.#runRead(() => this.#statements.findOrder(tenant ?? "", orderId));
  }

  async recompute(limit: number): Promise<number> {
    return await this.#runJob(() => this.#thread.recompute(limit));
  }

  async markAllChanged(): Promise<number> {
    return await this.#runJob(() => this.#maintenance.markAllChanged());
  }

  async expire(now: number, options: ExpireOptions = {}): Promise<Expired> {
    return await this.#runJob(() => this.#maintenance.expire(now, options));
  }

  async exportPerson(person: Person): Promise<PersonalData> {
    return await this.#runJob(() => this.#maintenance.exportPerson(person));
  }

  async erasePerson(person: Person): Promise<number> {
    return await this.#runJob(() => this.#maintenance.erasePerson(person));
  }

  async customerTotals(tenant: string | null, subject: string): Promise<CustomerTotals> {
    return await this.#runRead(() => this.#maintenance.customerTotals(tenant, subject));
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#thread.close();
    await this.#commits.drain();
    this.#deps.database.close();
  }

  #requireOpen(): void {
    if (!this.#isOpen) throw closedSinkError();
  }

  /** Runs a read. Retries while another process holds the lock. */
  async #runRead<Result>(run: () => Result): Promise<Result> {
    const since = performance.now();
    for (;;) {
      this.#requireOpen();
      try {
        return run();
      } catch (error) {
        if (!isBusy(error) || performance.now() - since >= this.#deps.busyTimeout)
          throw sinkUnavailableError(error);
        await waitBeforeRetry();
      }
    }
  }

  /** Wraps SQLite's errors. Errors that the caller has caused are not changed. */
  async #runJob<Result>(run: () => Promise<Result>): Promise<Result> {
    this.#requireOpen();
    try {
      return await run();
    } catch (error) {
      throw error instanceof UsageError ? error : sinkUnavailableError(error);
    }
  }

  async #writeSlice(slice: readonly VisitorEvents[]): Promise<void> {
    let isRepeated = false;
    try {
      await this.#commits.run(() => {
        // If this function runs again, its first transaction was rolled back, and the cache contains visits that were
        // never committed.
        if (isRepeated) this.#ingest.clearCache();
        isRepeated = true;
        this.#ingest.addGroups(slice);
      });
    } catch (error) {
      this.#ingest.clearCache();
      throw error;
    }
  }

  #addCounts(counts: readonly DocumentCount[]): void {
    for (const { id, kind, hour, tenant, documents } of counts) {
      const local_day = this.#deps.time.dayOf(hour);
      this.#statements.addTenant(tenant ?? "");
      this.#statements.insertCount({ id, tenant: tenant ?? "", kind, hour, local_day, documents });
    }
  }
}
