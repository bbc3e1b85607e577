import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { Expired } from "../maintenance.ts";
import {
  COMPLETE_FROM_SETTING,
  conditionsForOldRollups,
  eraseVisitor,
  STARTED_BEFORE_CONDITION,
  type Statement,
} from "../maintenance-sql.ts";
import type { RetentionLimits } from "../retention.ts";

/** Maximum number of rows per step. A step takes a few milliseconds. */
const ROWS_PER_STEP = 300;
/** Maximum number of visitors that one step reads. */
const VISITORS_PER_STEP = 5000;
/** Name of the stored setting that contains the id of the last event whose user agent was deleted. */
const USER_AGENTS_UNTIL_SETTING = "user-agents-until-event";

type RunStep = (step: () => number) => Promise<number>;

/** Deletes data that exceeds its retention period. Each step is one write. */
export class SqliteExpiry {
  readonly #database: DatabaseSync;
  readonly #retention: RetentionLimits;

  constructor(database: DatabaseSync, retention: RetentionLimits) {
    this.#database = database;
    this.#retention = retention;
  }

  /** Returns the queries that count the rows that a run would delete. */
  countQueries(): Map<keyof Expired, Statement> {
    const { eventsBefore, userAgentsBefore, visitorsBefore, rollupsBefore, firstKeptRollupDay } =
      this.#retention;
    const from = (table: string, where: string, parameters: readonly (string | number)[]): Statement => ({
      sql: `SELECT count(*) AS count FROM ${table} WHERE ${where}`,
      parameters,
    });
    const old = conditionsForOldRollups(firstKeptRollupDay, rollupsBefore);
    return new Map([
      ["events", from("coatcheck_visit_event", "received_at < ?", [eventsBefore])],
      [
        "userAgents",
        from("coatcheck_visit_event", "received_at < ? AND user_agent IS NOT NULL", [userAgentsBefore]),
      ],
      ["visits", from("coatcheck_visit", STARTED_BEFORE_CONDITION, [firstKeptRollupDay])],
      ["visitors", from("coatcheck_visitor", "last_activity_at < ?", [visitorsBefore])],
      ["documentCounts", from("coatcheck_document_count", "local_day < ?", [firstKeptRollupDay])],
      [
        "rollups",
        {
          sql: `SELECT ${old.map(({ table, where }) => `(SELECT count(*) FROM ${table} WHERE ${where})`).join(" + ")} AS count`,
          parameters: old.flatMap(({ parameters }) => parameters),
        },
      ],
    ]);
  }

  /** Deletes all data that exceeds its retention period. `runStep` commits each step. */
  async deleteRows(runStep: RunStep): Promise<Expired> {
    const { eventsBefore, visitorsBefore, rollupsBefore, firstKeptRollupDay } = this.#retention;
    const repeat = async (step: () => number) => {
      let total = 0;
      for (;;) {
        const changed = await runStep(step);
        total += changed;
        if (changed === 0) return total;
      }
    };
    const deleted = (table: string, key: string, where: string, parameters: readonly (string | number)[]) =>
      repeat(() =>
        this.#runStatement(
          `DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE ${where} LIMIT ${ROWS_PER_STEP})`,
          parameters,
        ),
      );
    const userAgents = await this.#expireUserAgents(runStep);
    await this.#expireJourneys(runStep);
    const eventCount = await repeat(() =>
      this.#deleteOldest("coatcheck_visit_event", "received_at", eventsBefore),
    );
    await repeat(() => this.#deleteOldest("coatcheck_backend_event", "at", eventsBefore));
    const visitorCount = await this.#expireVisitors(runStep, visitorsBefore);
    const visits = await repeat(() => this.#deleteVisits(firstKeptRollupDay));
    await deleted("coatcheck_visit_order", "tenant, order_id", "local_day < ?", [firstKeptRollupDay]);
    const documentCounts = await deleted("coatcheck_document_count", "id", "local_day < ?", [
      firstKeptRollupDay,
    ]);
    let rollupCount = 0;
    for (const { table, where, parameters } of conditionsForOldRollups(firstKeptRollupDay, rollupsBefore)) {
      rollupCount += await deleted(table, ROLLUP_KEYS[table] ?? "", where, parameters);
    }
    return {
      events: eventCount,
      userAgents,
      visits,
      visitors: visitorCount,
      rollups: rollupCount,
      documentCounts,
    };
  }

  /**
   * Deletes old rows at the beginning of a table whose rows are in order of arrival. Stops at the first row that is new
   * enough to be kept.
   */
  #deleteOldest(table: string, column: string, before: number): number {
    return this.#runStatement(
      `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} ORDER BY rowid LIMIT ${ROWS_PER_STEP}) AND ${column} < ?`,
      [before],
    );
  }

  /** Deletes the oldest visits that started before a day. */
  #deleteVisits(day: number): number {
    const rows = this.#database
      .prepare(`SELECT id FROM coatcheck_visit WHERE ${STARTED_BEFORE_CONDITION} LIMIT ${ROWS_PER_STEP}`)
      .all(day);
    const ids = JSON.stringify(rows.map(({ id }) => id));
    for (const [table, column] of Object.entries(TABLES_OF_VISIT)) {
      this.#runStatement(`DELETE FROM ${table} WHERE ${column} IN (SELECT value FROM json_each(?))`, [ids]);
    }
    return rows.length;
  }

  /**
   * Deletes the journeys (lists of events) of the days whose events will be deleted, and stores the first day whose
   * events are all kept.
   */
  async #expireJourneys(runStep: RunStep): Promise<void> {
    const { completeFrom } = this.#retention;
    const storedDay = this.#readSetting(COMPLETE_FROM_SETTING);
    const first = this.#database.prepare("SELECT min(local_day) AS day FROM coatcheck_visit").get()?.day;
    const from = storedDay === null ? Number(first ?? completeFrom) : Number(storedDay);
    if (from > completeFrom) return;
    // Set this before any event is deleted: a repair must not recompute a day from only some of its events.
    await runStep(() => this.#storeSetting(COMPLETE_FROM_SETTING, completeFrom));
    const journeys = `SELECT j.visit_id FROM coatcheck_visit v JOIN coatcheck_visit_journey j ON j.visit_id = v.id
      WHERE v.tenant IN (SELECT tenant FROM coatcheck_visit_tenant) AND v.local_day = ? LIMIT ${ROWS_PER_STEP}`;
    // Starts two days earlier, in case the last run was interrupted.
    for (let day = from - 2; day < completeFrom; day++) {
      const step = () =>
        this.#runStatement(`DELETE FROM coatcheck_visit_journey WHERE visit_id IN (${journeys})`, [day]);
      while ((await runStep(step)) > 0);
    }
  }

  /**
   * Deletes old user agents. Events are in order of arrival, so each run continues after the last event of the
   * previous run.
   */
  async #expireUserAgents(runStep: RunStep): Promise<number> {
    let isDone = false;
    let total = 0;
    while (!isDone) {
      total += await runStep(() => {
        const from = Number(this.#readSetting(USER_AGENTS_UNTIL_SETTING) ?? 0);
        const row = this.#database
          .prepare(
            `SELECT max(rowid) AS last FROM (SELECT rowid, received_at FROM coatcheck_visit_event
             WHERE rowid > ? ORDER BY rowid LIMIT ${ROWS_PER_STEP}) WHERE received_at < ?`,
          )
          .get(from, this.#retention.userAgentsBefore);
        isDone = typeof row?.last !== "number";
        if (isDone) return 0;
        this.#storeSetting(USER_AGENTS_UNTIL_SETTING, Number(row?.last));
        return this.#runStatement(
          `UPDATE coatcheck_visit_event SET user_agent = NULL
           WHERE rowid > ? AND rowid <= ? AND user_agent IS NOT NULL`,
          [from, Number(row?.last)],
        );
      });
    }
    return total;
  }

  async #expireVisitors(runStep: RunStep, before: number): Promise<number> {
    const highest = Number(
      this.#database.prepare("SELECT max(number) AS highest FROM coatcheck_visitor").get()?.highest,
    );
    let total = 0;
    for (let from = 0; from < highest; from += VISITORS_PER_STEP) {
      const numbers = this.#database
        .prepare(
          "SELECT number FROM coatcheck_visitor WHERE number > ? AND number <= ? AND last_activity_at < ?",
        )
        .all(from, from + VISITORS_PER_STEP, before);
      for (const { number } of numbers) {
        // The days are not marked as changed. Their rollups (precomputed statistics) are kept, because they contain no
        // link to a person.
        await runStep(() => {
          for (const { sql, parameters } of eraseVisitor(Number(number), Number.MAX_SAFE_INTEGER)) {
            this.#runStatement(sql, parameters);
          }
          return 1;
        });
        total++;
      }
    }
    return total;
  }

  #readSetting(name: string): string | null {
    const row = this.#database.prepare("SELECT value FROM coatcheck_visit_setting WHERE name = ?").get(name);
    return row ? String(row.value) : null;
  }

  #storeSetting(name: string, value: number): number {
    return this.#runStatement("INSERT OR REPLACE INTO coatcheck_visit_setting (name, value) VALUES (?, ?)", [
      name,
      String(value),
    ]);
  }

  #runStatement(sql: string, parameters: readonly (string | number)[]): number {
    return Number(this.#database.prepare(sql).run(...(parameters as SQLInputValue[])).changes);
  }
}

/** The tables with rows of a visit, and the column that contains its id. */
const TABLES_OF_VISIT: Readonly<Record<string, string>> = {
  coatcheck_visit_journey: "visit_id",
  coatcheck_visit_session: "visit_id",
  coatcheck_visit: "id",
};

/** Primary keys of the rollups (precomputed statistics). */
const ROLLUP_KEYS: Readonly<Record<string, string>> = {
  coatcheck_daily_metric: "tenant, dimension, day, value",
  coatcheck_daily_revenue: "tenant, dimension, day, value, currency",
  coatcheck_daily_visitor: "tenant, dimension, day, value, previous_day",
  coatcheck_daily_wait: "tenant, mode, step, day",
  coatcheck_hourly_metric: "tenant, hour",
  coatcheck_weekly_cohort: "tenant, first_week, week",
};
