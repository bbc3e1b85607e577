import type { RawBuilder } from "kysely";
import {
  closedDatabaseError,
  compile,
  type ReadDatabase,
  type Reader,
  timeBudgetError,
  unavailableError,
} from "./read.ts";

/** A query in the form that `pg` accepts. */
export interface QuestionQuery {
  readonly text: string;
  readonly values: unknown[];
  readonly types: { getTypeParser(oid: number): (text: string) => unknown };
}

/** The part of `pg`'s client that the questions use. */
export interface QuestionClient {
  query(query: QuestionQuery): Promise<{ rows: unknown[] }>;
  on(event: "error", listener: (error: Error) => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
  /** `true` closes the connection instead of returning it to the pool. */
  release(destroy?: boolean): void;
}

/** The part of `pg`'s `Pool` that the questions use. */
export interface QuestionPool {
  connect(): Promise<QuestionClient>;
}

/** PostgreSQL's type numbers (`pg_type.oid`) of 64-, 16- and 32-bit integers. */
const INTEGER_OIDS = [20, 21, 23];
/** PostgreSQL's type number of `double precision`. */
const DOUBLE_OID = 701;
/** SQLSTATE of a statement that `statement_timeout` has cancelled. */
const QUERY_CANCELED = "57014";
/** How long to wait after the deadline for the server to report that it has cancelled the query, in milliseconds. */
const CANCEL_GRACE = 500;

const TYPE_PARSERS: QuestionQuery["types"] = {
  getTypeParser(oid) {
    return oid === DOUBLE_OID || INTEGER_OIDS.includes(oid) ? Number : String;
  },
};

const ignoreError = () => {};

/**
 * Reads a PostgreSQL database. Each question uses one connection and one read-only transaction. The
 * `statement_timeout` of each query is the remaining time budget, so the server itself cancels slow queries.
 */
export class PostgresReadDatabase implements ReadDatabase {
  readonly #pool: QuestionPool;
  #isOpen = true;

  constructor(pool: QuestionPool) {
    this.#pool = pool;
  }

  async read<Answer>(deadline: number, work: (reader: Reader) => Promise<Answer>): Promise<Answer> {
    if (!this.#isOpen) throw closedDatabaseError();
    const client = await this.#connect(deadline);
    const reader = new PostgresReader(client, deadline);
    // A broken connection rejects its query and also emits "error". Without a listener, "error" would end the
    // process.
    client.on("error", ignoreError);
    let isReusable = false;
    try {
      await reader.run("begin isolation level repeatable read read only");
      await reader.run("set local jit = off");
      const answer = await work(reader);
      await reader.run("commit");
      isReusable = true;
      return answer;
    } catch (error) {
      isReusable = await rollBack(reader);
      throw (error as { code?: unknown }).code === QUERY_CANCELED
        ? timeBudgetError()
        : unavailableError(error);
    } finally {
      client.off("error", ignoreError);
      client.release(!isReusable);
    }
  }

  async close(): Promise<void> {
    this.#isOpen = false;
  }

  async #connect(deadline: number): Promise<QuestionClient> {
    const connecting = this.#pool.connect();
    try {
      return await waitUntil(deadline, connecting);
    } catch (error) {
      connecting.then((client) => client.release(), ignoreError);
      throw unavailableError(error);
    }
  }
}

/** Rolls back the transaction of a failed question. Returns whether the connection can be used again. */
async function rollBack(reader: PostgresReader): Promise<boolean> {
  if (reader.hasTimedOut) return false;
  try {
    await reader.run("rollback");
    return true;
  } catch {
    return false;
  }
}

class PostgresReader implements Reader {
  readonly dialect = "postgres";
  readonly #client: QuestionClient;
  readonly #deadline: number;
  /** Whether the deadline has passed while a query is still running. */
  hasTimedOut = false;

  constructor(client: QuestionClient, deadline: number) {
    this.#client = client;
    this.#deadline = deadline;
  }

  async rows<Row>(query: RawBuilder<Row>): Promise<Row[]> {
    const { sql, parameters } = compile(this.dialect, query);
    const rest = Math.floor(this.#deadline - performance.now());
    if (rest < 1) throw timeBudgetError();
    await this.run(`set local statement_timeout = ${rest}`);
    return (await this.run(sql, parameters)) as Row[];
  }

  async run(text: string, parameters: readonly unknown[] = []): Promise<unknown[]> {
    const running = this.#client.query({ text, values: [...parameters], types: TYPE_PARSERS });
    try {
      const { rows } = await waitUntil(this.#deadline + CANCEL_GRACE, running);
      return rows;
    } catch (error) {
      this.hasTimedOut ||= error instanceof DeadlineError;
      throw error;
    }
  }
}

class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

/** Waits for `work`, at most until `deadline` (by `performance.now()`). */
function waitUntil<T>(deadline: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new DeadlineError("PostgreSQL did not respond within the time budget."));
    const timer = setTimeout(giveUp, Math.max(0, deadline - performance.now()));
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
