import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { GroupCommit } from "../../../store/sqlite/group-commit.ts";
import type { LocalTime } from "../../facts/local-time.ts";
import type { CustomerTotals, Expired, ExpireOptions, Person, PersonalData } from "../maintenance.ts";
import type { Statement } from "../maintenance-sql.ts";
import * as statements from "../maintenance-sql.ts";
import { personalData, totalsOf } from "../personal-data.ts";
import { retentionLimits } from "../retention.ts";
import { SqliteExpiry } from "./expiry.ts";

/** What the maintenance depends on. */
export interface SqliteMaintenanceOptions {
  readonly database: DatabaseSync;
  readonly commits: GroupCommit;
  readonly time: LocalTime;
  /** Runs a query in a separate thread, because it reads whole tables. */
  query(statement: Statement): Promise<Record<string, unknown>[]>;
  /** Clears the cached visitors. Called after visits were deleted. */
  forget(): void;
}

/** Implements retention, export and erasure in SQLite. */
export class SqliteMaintenance {
  readonly #options: SqliteMaintenanceOptions;

  constructor(options: SqliteMaintenanceOptions) {
    this.#options = options;
  }

  async markAllChanged(): Promise<number> {
    return await this.#options.commits.run(() => this.#run(statements.markAllChanged(this.#completeFrom())));
  }

  async expire(now: number, options: ExpireOptions): Promise<Expired> {
    const { database, commits, time, query, forget } = this.#options;
    const retention = retentionLimits(now, options, time);
    const expiry = new SqliteExpiry(database, retention);
    if (options.dryRun) {
      const counts: Record<string, number> = {};
      for (const [name, statement] of expiry.counts()) {
        counts[name] = Number((await query(statement))[0]?.count);
      }
      return counts as unknown as Expired;
    }
    const deleted = await expiry.run((step) => commits.run(step));
    forget();
    return deleted;
  }

  async exportPerson(person: Person): Promise<PersonalData> {
    const tenant = person.tenant ?? "";
    if ("subject" in person) {
      const tables = statements.exportSubject(tenant, person.subject);
      // The events of a customer have no index, so a thread reads them.
      const { events, ...indexed } = tables;
      const rows = await this.#options.query(events);
      return personalData([{ ...this.#all(indexed), events: rows }]);
    }
    const visitors = this.#numbers(statements.visitorsWithId(tenant, person.visitorId));
    return personalData(visitors.map((visitor) => this.#all(statements.exportVisitor(visitor))));
  }

  async erasePerson(person: Person): Promise<number> {
    const { commits, query, forget } = this.#options;
    const tenant = person.tenant ?? "";
    const visitors =
      "subject" in person
        ? (await query(statements.visitorsOfSubject(tenant, person.subject))).map(({ number }) =>
            Number(number),
          )
        : this.#numbers(statements.visitorsWithId(tenant, person.visitorId));
    for (const visitor of visitors) {
      await commits.run(() => {
        for (const each of statements.eraseVisitor(visitor, this.#completeFrom())) this.#run(each);
        // Called before the commit, because the next write may be in the same transaction.
        forget();
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

  #numbers(statement: Statement): number[] {
    return this.#rows(statement).map(({ number }) => Number(number));
  }

  #all<Name extends string>(
    tables: Readonly<Record<Name, Statement>>,
  ): Record<Name, Record<string, unknown>[]> {
    const entries = Object.entries<Statement>(tables).map(([name, each]) => [name, this.#rows(each)]);
    return Object.fromEntries(entries) as Record<Name, Record<string, unknown>[]>;
  }

  #rows({ sql, parameters }: Statement): Record<string, unknown>[] {
    return this.#options.database.prepare(sql).all(...(parameters as SQLInputValue[]));
  }

  #run({ sql, parameters }: Statement): number {
    return Number(this.#options.database.prepare(sql).run(...(parameters as SQLInputValue[])).changes);
  }
}
