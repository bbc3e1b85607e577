import type { LocalTime } from "../../facts/local-time.ts";
import type { CustomerTotals, Expired, ExpireOptions, Person, PersonalData } from "../maintenance.ts";
import * as statements from "../maintenance-sql.ts";
import { type Statement, toNumberedParameters } from "../maintenance-sql.ts";
import { toPersonalData, totalsOf } from "../personal-data.ts";
import { retentionLimits } from "../retention.ts";
import { replaceUnstorable } from "./clean.ts";
import { PostgresExpiry } from "./expiry.ts";
import type { PostgresSession } from "./session.ts";

type InTransaction = <Result>(work: (session: PostgresSession) => Promise<Result>) => Promise<Result>;
type TableRows = Record<string, unknown>[];

/** Implements retention, export and erasure in PostgreSQL. */
export class PostgresMaintenance {
  readonly #inTransaction: InTransaction;
  readonly #time: LocalTime;

  constructor(inTransaction: InTransaction, time: LocalTime) {
    this.#inTransaction = inTransaction;
    this.#time = time;
  }

  async markAllChanged(): Promise<number> {
    return await this.#inTransaction(async (session) => {
      const { sql, parameters } = statements.markAllChanged(await readCompleteFrom(session));
      return (await session.rows(`${toNumberedParameters(sql)} returning id`, parameters)).length;
    });
  }

  async expire(now: number, options: ExpireOptions): Promise<Expired> {
    const expiry = new PostgresExpiry(this.#inTransaction, retentionLimits(now, options, this.#time));
    return options.dryRun ? await expiry.countRows() : await expiry.deleteRows();
  }

  async exportPerson(person: Person): Promise<PersonalData> {
    const tenant = person.tenant ?? "";
    return await this.#inTransaction(async (session) => {
      if ("subject" in person) {
        return toPersonalData([await readAll(session, statements.exportSubject(tenant, person.subject))]);
      }
      const parts = [];
      for (const { number } of await rowsOf(session, statements.visitorsWithId(tenant, person.visitorId))) {
        parts.push(await readAll(session, statements.exportVisitor(Number(number))));
      }
      return toPersonalData(parts);
    });
  }

  async erasePerson(person: Person): Promise<number> {
    const tenant = person.tenant ?? "";
    const found =
      "subject" in person
        ? statements.visitorsOfSubject(tenant, person.subject)
        : statements.visitorsWithId(tenant, person.visitorId);
    return await this.#inTransaction(async (session) => {
      const numbers = (await rowsOf(session, found)).map(({ number }) => Number(number));
      // Uses the same lock as the sink, so that no other node adds events of these visitors at the same time.
      await session.rows(
        "select number from coatcheck_visitor where number = any($1::bigint[]) order by number for update",
        [numbers],
      );
      const from = await readCompleteFrom(session);
      for (const number of numbers) {
        for (const each of statements.eraseVisitor(number, from)) await rowsOf(session, each);
      }
      return numbers.length;
    });
  }

  async customerTotals(tenant: string | null, subject: string): Promise<CustomerTotals> {
    return await this.#inTransaction(async (session) => {
      const { orders, visits } = await readAll(session, statements.customerTotals(tenant ?? "", subject));
      return totalsOf(orders, visits);
    });
  }
}

async function readCompleteFrom(session: PostgresSession): Promise<number> {
  const [row] = await session.rows<{ value: string }>(
    "select value from coatcheck_visit_setting where name = $1",
    [statements.COMPLETE_FROM_SETTING],
  );
  return row ? Number(row.value) : Number.MIN_SAFE_INTEGER;
}

/**
 * Runs a statement and returns its rows. Replaces unstorable characters in the parameters, because the sink replaced
 * them in the stored ids.
 */
async function rowsOf(session: PostgresSession, { sql, parameters }: Statement): Promise<TableRows> {
  const cleaned = parameters.map((value) => (typeof value === "string" ? replaceUnstorable(value) : value));
  return await session.rows(toNumberedParameters(sql), cleaned);
}

async function readAll<Name extends string>(
  session: PostgresSession,
  tables: Readonly<Record<Name, Statement>>,
): Promise<Record<Name, TableRows>> {
  const results: Partial<Record<Name, TableRows>> = {};
  for (const name in tables) results[name] = await rowsOf(session, tables[name]);
  return results as Record<Name, TableRows>;
}
