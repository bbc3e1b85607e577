import type { Expired } from "../maintenance.ts";
import {
  COMPLETE_FROM_SETTING,
  conditionsForOldRollups,
  eraseVisitor,
  STARTED_BEFORE_CONDITION,
  toNumberedParameters,
} from "../maintenance-sql.ts";
import type { RetentionLimits } from "../retention.ts";
import { partitionName, partitionOf } from "./partitions.ts";
import type { PostgresSession } from "./session.ts";

/** Maximum number of rows per statement. */
const ROWS_PER_STATEMENT = 5000;
/** Maximum number of visitors per transaction. */
const VISITORS_PER_TRANSACTION = 200;

type InTransaction = <Result>(work: (session: PostgresSession) => Promise<Result>) => Promise<Result>;

/** Deletes data that exceeds its retention period. Events are deleted by whole days. */
export class PostgresExpiry {
  readonly #inTransaction: InTransaction;
  readonly #retention: RetentionLimits;

  constructor(inTransaction: InTransaction, retention: RetentionLimits) {
    this.#inTransaction = inTransaction;
    this.#retention = retention;
  }

  /** Counts the rows that `deleteRows` would delete. */
  async countRows(): Promise<Expired> {
    const { visitorsBefore, rollupsBefore, firstKeptRollupDay } = this.#retention;
    const { oldDays, oldAgents } = await this.#daysToDelete();
    return await this.#inTransaction(async (session) => {
      const count = async (table: string, where: string, parameters: readonly unknown[]) => {
        const [row] = await session.rows<{ count: number }>(
          `select count(*) as count from ${table} where ${toNumberedParameters(where)}`,
          parameters,
        );
        return row?.count ?? 0;
      };
      const sum = async (
        tables: readonly { table: string; where: string; parameters: readonly unknown[] }[],
      ) => {
        let total = 0;
        for (const { table, where, parameters } of tables) total += await count(table, where, parameters);
        return total;
      };
      const inPartitions = (days: readonly number[], where: string) =>
        sum(days.map((day) => ({ table: partitionName(day), where, parameters: [] })));
      return {
        events: await inPartitions(oldDays, "true"),
        userAgents: await inPartitions(oldAgents, "user_agent is not null"),
        visits: await count("coatcheck_visit", STARTED_BEFORE_CONDITION, [firstKeptRollupDay]),
        visitors: await count("coatcheck_visitor", "last_activity_at < ?", [visitorsBefore]),
        rollups: await sum(conditionsForOldRollups(firstKeptRollupDay, rollupsBefore)),
        documentCounts: await count("coatcheck_document_count", "local_day < ?", [firstKeptRollupDay]),
      };
    });
  }

  async deleteRows(): Promise<Expired> {
    const { eventsBefore, completeFrom, rollupsBefore, firstKeptRollupDay } = this.#retention;
    const ofVisits = `visit_id in (select id from coatcheck_visit where ${STARTED_BEFORE_CONDITION})`;
    const userAgents = await this.#expireUserAgents();
    await this.#storeCompleteFrom();
    const eventCount = await this.#dropPartitions();
    await this.#deleteInSteps("coatcheck_backend_event", "at < ?", [eventsBefore]);
    await this.#deleteInSteps("coatcheck_visit_journey", ofVisits, [completeFrom]);
    const visitors = await this.#expireVisitors();
    await this.#deleteInSteps("coatcheck_visit_session", ofVisits, [firstKeptRollupDay]);
    const visits = await this.#deleteInSteps("coatcheck_visit", STARTED_BEFORE_CONDITION, [
      firstKeptRollupDay,
    ]);
    await this.#deleteInSteps("coatcheck_visit_order", "local_day < ?", [firstKeptRollupDay]);
    const documentCounts = await this.#deleteInSteps("coatcheck_document_count", "local_day < ?", [
      firstKeptRollupDay,
    ]);
    let rollupCount = 0;
    for (const { table, where, parameters } of conditionsForOldRollups(firstKeptRollupDay, rollupsBefore)) {
      rollupCount += await this.#deleteInSteps(table, where, parameters);
    }
    return { events: eventCount, userAgents, visits, visitors, rollups: rollupCount, documentCounts };
  }

  /** Returns the days whose partitions will be dropped, and the days whose user agents will be deleted. */
  async #daysToDelete(): Promise<{ oldDays: number[]; oldAgents: number[] }> {
    const names = await this.#inTransaction((session) =>
      session.rows<{ name: string }>(
        `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
         where i.inhparent = 'coatcheck_visit_event'::regclass`,
      ),
    );
    const days = names
      .map(({ name }) => Number(name.replace("coatcheck_visit_event_", "").replace("minus_", "-")))
      .sort((left, right) => left - right);
    const before = (time: number) => days.filter((day) => day < partitionOf(time));
    return {
      oldDays: before(this.#retention.eventsBefore),
      oldAgents: before(this.#retention.userAgentsBefore),
    };
  }

  async #expireUserAgents(): Promise<number> {
    const { oldAgents } = await this.#daysToDelete();
    let total = 0;
    for (const day of oldAgents) {
      total += await this.#inTransaction(async (session) => {
        const [row] = await session.rows<{ count: number }>(
          `with changed as (update ${partitionName(day)} set user_agent = null where user_agent is not null returning 1)
           select count(*) as count from changed`,
        );
        return row?.count ?? 0;
      });
    }
    return total;
  }

  async #dropPartitions(): Promise<number> {
    const { oldDays } = await this.#daysToDelete();
    let total = 0;
    for (const day of oldDays) {
      total += await this.#inTransaction(async (session) => {
        const name = partitionName(day);
        const [row] = await session.rows<{ count: number }>(`select count(*) as count from ${name}`);
        await session.rows(`drop table ${name}`);
        return row?.count ?? 0;
      });
    }
    return total;
  }

  async #expireVisitors(): Promise<number> {
    let total = 0;
    for (;;) {
      const erased = await this.#inTransaction(async (session) => {
        const rows = await session.rows<{ number: number }>(
          `select number from coatcheck_visitor where last_activity_at < $1 order by number limit ${VISITORS_PER_TRANSACTION} for update`,
          [this.#retention.visitorsBefore],
        );
        for (const { number } of rows) {
          // The days are not marked as changed. Their rollups (precomputed statistics) are kept, because they contain
          // no link to a person.
          for (const { sql, parameters } of eraseVisitor(number, Number.MAX_SAFE_INTEGER)) {
            await session.rows(toNumberedParameters(sql), parameters);
          }
        }
        return rows.length;
      });
      total += erased;
      if (erased < VISITORS_PER_TRANSACTION) return total;
    }
  }

  /** Stores the first day whose events are all still stored. It is never set to an earlier day. */
  async #storeCompleteFrom(): Promise<void> {
    await this.#inTransaction((session) =>
      session.rows(
        `insert into coatcheck_visit_setting as s (name, value) values ($1, $2) on conflict (name)
         do update set value = greatest(s.value::bigint, excluded.value::bigint)::text`,
        [COMPLETE_FROM_SETTING, String(this.#retention.completeFrom)],
      ),
    );
  }

  async #deleteInSteps(table: string, where: string, parameters: readonly unknown[]): Promise<number> {
    let total = 0;
    for (;;) {
      const deleted = await this.#inTransaction(async (session) => {
        const rows = await session.rows(
          `delete from ${table} where ctid = any(array(select ctid from ${table} where ${toNumberedParameters(where)} limit ${ROWS_PER_STATEMENT}))
           returning 1`,
          parameters,
        );
        return rows.length;
      });
      total += deleted;
      if (deleted < ROWS_PER_STATEMENT) return total;
    }
  }
}
