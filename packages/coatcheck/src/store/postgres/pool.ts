import { createHash } from "node:crypto";
import type {
  PostgresPoolClient as KyselyClient,
  PostgresPool as KyselyPool,
  PostgresQueryResult,
} from "kysely";
import type { Connections } from "./connections.ts";
import type { PostgresClient, PostgresPool, PostgresQuery } from "./driver.ts";
import { isPreparedStatementError } from "./errors.ts";

/** Type numbers from PostgreSQL's catalogue (`pg_type.oid`). */
const BOOLEAN_OID = 16;
const INTEGER_OIDS = [20, 21, 23];

/**
 * Parses integers as numbers: times, counts, versions and positions are all safe integers. Values of other types are
 * returned as text.
 */
const resultTypes: PostgresQuery["types"] = {
  getTypeParser(oid) {
    if (oid === BOOLEAN_OID) return (text) => text === "t";
    return INTEGER_OIDS.includes(oid) ? Number : String;
  },
};

const ignoreError = () => {};

/** Prepared statement names by SQL text. The map stays small, because the texts contain no values. */
const statementNames = new Map<string, { readonly name: string }>();

/**
 * Returns the name of a prepared statement. The name depends only on the SQL text, because clients of a pooler share
 * connections: a name must mean the same statement for every client.
 */
function statementName(text: string): { readonly name: string } {
  const existing = statementNames.get(text);
  if (existing) return existing;
  const hash = createHash("sha256").update(text).digest("base64url").slice(0, 22);
  const created = { name: `coatcheck_${hash}` };
  statementNames.set(text, created);
  return created;
}

/** Options of {@link DeadlinePool}. */
export interface DeadlinePoolOptions {
  /** Milliseconds from requesting a connection to the end of the last query on it. */
  readonly deadline: number;
  /**
   * Whether each connection plans a statement only once. If false, PostgreSQL plans the statement at each call, for the
   * values of that call.
   */
  readonly preparesStatements: boolean;
  /** Shared by all users of the pool. */
  readonly connections: Connections;
}

/**
 * A pool with a deadline. A caller must finish all queries on a connection within the deadline, which starts when the
 * caller requests the connection. A connection that misses the deadline is closed and not returned to the pool, because
 * a hung server would block it forever. The last query may still take effect.
 */
export class DeadlinePool implements KyselyPool {
  /** Required by Kysely's pool interface. */
  readonly options: object = {};
  readonly #pool: PostgresPool;
  readonly #options: DeadlinePoolOptions;

  constructor(pool: PostgresPool, options: DeadlinePoolOptions) {
    this.#pool = pool;
    this.#options = options;
  }

  async connect(): Promise<DeadlineClient> {
    const deadline = performance.now() + this.#options.deadline;
    const { connections } = this.#options;
    for (;;) {
      const client = await this.#acquireClient(deadline);
      if (!connections.isOutdated(client)) return new DeadlineClient(client, deadline, this.#options);
      client.release(true);
    }
  }

  /** Closes every connection. Stops waiting at the deadline. */
  async end(): Promise<void> {
    await withinDeadline(performance.now() + this.#options.deadline, this.#pool.end()).catch(ignoreError);
  }

  async #acquireClient(deadline: number): Promise<PostgresClient> {
    const { connections } = this.#options;
    const connecting = this.#pool.connect();
    try {
      const client = await withinDeadline(deadline, connecting);
      connections.recordSuccess("connect");
      return client;
    } catch (error) {
      connecting.then((client) => client.release(), ignoreError);
      connections.recordFailure("connect", error);
      throw error;
    }
  }
}

class DeadlineClient implements KyselyClient {
  readonly #client: PostgresClient;
  readonly #deadline: number;
  readonly #options: DeadlinePoolOptions;
  #hasTimedOut = false;

  constructor(client: PostgresClient, deadline: number, options: DeadlinePoolOptions) {
    this.#client = client;
    this.#deadline = deadline;
    this.#options = options;
    // A broken connection rejects its query and also emits "error". Without a listener, that would end the process.
    client.on("error", ignoreError);
  }

  query<R>(sql: string, parameters: ReadonlyArray<unknown>): Promise<PostgresQueryResult<R>>;
  query(): never;
  async query<R>(text = "", values: ReadonlyArray<unknown> = []): Promise<PostgresQueryResult<R>> {
    if (this.#hasTimedOut) throw createTimeoutError();
    const { connections, preparesStatements } = this.#options;
    const named = preparesStatements && connections.canPrepare ? statementName(text) : {};
    try {
      const query = { ...named, text, values: [...values], types: resultTypes };
      const result = await withinDeadline(this.#deadline, this.#client.query(query));
      connections.recordSuccess(text);
      return result as PostgresQueryResult<R>;
    } catch (error) {
      this.#hasTimedOut ||= error instanceof DeadlineError;
      connections.recordFailure(text, error, this.#client);
      if (!("name" in named) || !isPreparedStatementError(error)) throw error;
      connections.stopPreparing();
      return await this.query<R>(text, values);
    }
  }

  /**
   * Whether this connection leads to a pooler. If so, the server process that runs the statements is not the one that
   * was reported when the connection was opened.
   */
  async isPooled(): Promise<boolean> {
    const { rows } = await this.query<{ pid: number }>("select pg_backend_pid() as pid", []);
    return typeof this.#client.processID === "number" && this.#client.processID !== rows[0]?.pid;
  }

  release(destroy = false): void {
    this.#client.off("error", ignoreError);
    const isOutdated = this.#options.connections.isOutdated(this.#client);
    this.#client.release(destroy || this.#hasTimedOut || isOutdated);
  }
}

class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

function createTimeoutError(): DeadlineError {
  return new DeadlineError("PostgreSQL did not respond within the deadline.");
}

/**
 * Waits for `work` until `deadline` (by `performance.now()`).
 *
 * When this process itself was suspended, it wakes up with the timer due and the response unread. Two turns of the
 * event loop let it read the response first, so that a pause of this process is not mistaken for a pause of the server.
 */
function withinDeadline<T>(deadline: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => setImmediate(() => setImmediate(() => reject(createTimeoutError())));
    const timer = setTimeout(giveUp, Math.max(0, deadline - performance.now()));
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
