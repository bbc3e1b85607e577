import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { GroupCommit } from "../../../store/sqlite/group-commit.ts";
import type { LocalTime } from "../../facts/local-time.ts";
import type { CustomerTotals, Expired, ExpireOptions, Person, PersonalData } from "../maintenance.ts";
import type { Statement } from "../maintenance-sql.ts";
import * as statements from "../maintenance-sql.ts";
import { toPersonalData, totalsOf } from "../personal-data.ts";
import { retentionLimits } from "../retention.ts";
import { SqliteExpiry } from "./expiry.ts";

/** The dependencies of {@link SqliteMaintenance}. */
export interface SqliteMaintenanceOptions {
  readonly database: DatabaseSync;
  readonly commits: GroupCommit;
  readonly time: LocalTime;
  /** Runs a query in a separate thread, because it reads whole tables. */
  queryInThread(statement: Statement): Promise<Record<string, unknown>[]>;
  /** Clears the cached visitors. Called after visits were deleted. */
  clearCache(): void;
}

/** Implements retention, export and erasure in SQLite. */
export class SqliteMaintenance {
  readonly #options: SqliteMaintenanceOptions;

  constructor(options: SqliteMaintenanceOptions) {
    this.#options = options;
  }

  async markAllChanged(): Promise<number> {
    return await this.#options.commits.run(() =>
      this.#runStatement(statements.markAllChanged(this.#completeFrom())),
    );
  }

  async expire(now: number, options: ExpireOptions): Promise<Expired> {
    const { database, commits, time, queryInThread, clearCache } = this.#options;
    const retention = retentionLimits(now, options, time);
    const expiry = new SqliteExpiry(database, retention);
    if (options.dryRun) {
      const counts: Record<string, number> = {};
      for (const [name, statement] of expiry.countQueries()) {
        counts[name] = Number((await queryInThread(statement))[0]?.count);
      }
      return counts as unknown as Expired;
    }
    const deleted = await expiry.deleteRows((step) => commits.run(step));
    clearCache();
    return deleted;
  }

  async exportPerson(person: Person): Promise<PersonalData> {
    const tenant = person.tenant ?? "";
    if ("subject" in person) {
      const tables = statements.exportSubject(tenant, person.subject);
      // The events of a customer have no index, so a thread reads them.
      const { events, ...indexed } = tables;
      const rows = await this.#options.queryInThread(events);
      return toPersonalData([{ ...this.#all(indexed), events: rows }]);
    }
    const visitors = this.#visitorNumbers(statements.visitorsWithId(tenant, person.visitorId));
    return toPersonalData(visitors.map((visitor) => this.#all(statements.exportVisitor(visitor))));
  }

  async erasePerson(person: Person): Promise<number> {
    const { commits, queryInThread, clearCache } = this.#options;
    const tenant = person.tenant ?? "";
    const visitors =
      "subject" in person
        ? (await queryInThread(statements.visitorsOfSubject(tenant, person.subject))).map(({ number }) =>
            Number(number),
          )
        : this.#visitorNumbers(statements.visitorsWithId(tenant, person.visitorId));
    for (const visitor of visitors) {
      await commits.run(() => {
        for (const each of statements.eraseVisitor(visitor, this.#completeFrom())) this.#runStatement(each);
        // Clear the cache before the commit, because the next write may be in the same transaction.
        clearCache();
      });
    }
    return visitors.length;
  }

  customerTotals(tenant: string | null, subject: string): CustomerTotals {
    const { orders, visits } = this.#all(statements.customerTotals(tenant ?? "", subject));
    return totalsOf(orders ?? [], visits ?? []);
  }

  #completeFrom(): number {
    const row = this.#options.database
      .prepare("SELECT value FROM coatcheck_visit_setting WHERE name = ?")
      .get(statements.COMPLETE_FROM_SETTING);
    return row ? Number(row.value) : Number.MIN_SAFE_INTEGER;
  }

  #visitorNumbers(statement: Statement): number[] {
    return this.#readRows(statement).map(({ number }) => Number(number));
  }

  #all<Name extends string>(
    tables: Readonly<Record<Name, Statement>>,
  ): Record<Name, Record<string, unknown>[]> {
    const entries = Object.entries<Statement>(tables).map(([name, each]) => [name, this.#readRows(each)]);
    return Object.fromEntries(entries) as Record<Name, Record<string, unknown>[]>;
  }

  #readRows({ sql, parameters }: Statement): Record<string, unknown>[] {
    return this.#options.database.prepare(sql).all(...(parameters as SQLInputValue[]));
  }

  #runStatement({ sql, parameters }: Statement): number {
    return Number(this.#options.database.prepare(sql).run(...(parameters as SQLInputValue[])).changes);
  }
}
