import type {
  PostgresPoolClient as KyselyClient,
  PostgresPool as KyselyPool,
  PostgresQueryResult,
} from "kysely";

/** A query as the store sends it: text, parameters, and the parsers for its result. */
export interface PostgresQuery {
  /** Present on prepared statements, which each connection plans once. */
  readonly name?: string;
  readonly text: string;
  readonly values: unknown[];
  readonly types: { getTypeParser(oid: number): (text: string) => unknown };
}

/** The part of `pg`'s client that the store uses. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<{ command: string; rowCount: number | null; rows: unknown[] }>;
  on(event: "error", listener: (error: Error) => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
  /** `true` closes the connection instead of returning it to the pool. */
  release(destroy?: boolean): void;
}

/** The part of `pg`'s `Pool` that the store uses. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
  on(event: "error", listener: (error: Error) => void): unknown;
  end(): Promise<void>;
}

/** Type numbers from PostgreSQL's catalogue (`pg_type.oid`). */
const BOOLEAN = 16;
const INTEGERS = [20, 21, 23];

/** Parses integers as numbers: times, counts, versions and positions are all safe integers. Other types stay text. */
const types: PostgresQuery["types"] = {
  getTypeParser(oid) {
    if (oid === BOOLEAN) return (text) => text === "t";
    return INTEGERS.includes(oid) ? Number : String;
  },
};

const ignore = () => {};

/** Prepared statement names by SQL text. The map stays small, because values are parameters. */
const statementNames = new Map<string, { readonly name: string }>();

function statementName(text: string): { readonly name: string } {
  const existing = statementNames.get(text);
  if (existing) return existing;
  const created = { name: `coatcheck_${statementNames.size}` };
  statementNames.set(text, created);
  return created;
}

/** Options of {@link DeadlinePool}. */
export interface DeadlinePoolOptions {
  /** Milliseconds from requesting a connection to the end of the last query on it. */
  readonly deadline: number;
  /** Whether each connection plans a statement once, or PostgreSQL plans it again for the values of each call. */
  readonly prepareStatements: boolean;
}

/**
 * A pool with a deadline. Everything that is done with a connection must finish within the deadline, counted from the
 * request for the connection. A connection that misses it is closed and not returned to the pool, because a hung
 * server would block it forever. Its last query may still take effect.
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

  async connect(): Promise<KyselyClient> {
    const deadline = performance.now() + this.#options.deadline;
    const connecting = this.#pool.connect();
    try {
      return new DeadlineClient(
        await withinDeadline(deadline, connecting),
        deadline,
        this.#options.prepareStatements,
      );
    } catch (error) {
      connecting.then((client) => client.release(), ignore);
      throw error;
    }
  }

  /** Closes every connection. Stops waiting at the deadline. */
  async end(): Promise<void> {
    await withinDeadline(performance.now() + this.#options.deadline, this.#pool.end()).catch(ignore);
  }
}

class DeadlineClient implements KyselyClient {
  readonly #client: PostgresClient;
  readonly #deadline: number;
  readonly #prepareStatements: boolean;
  #hasTimedOut = false;

  constructor(client: PostgresClient, deadline: number, prepareStatements: boolean) {
    this.#client = client;
    this.#deadline = deadline;
    this.#prepareStatements = prepareStatements;
    // A broken connection rejects its query and also emits "error". Without a listener, that would end the process.
    client.on("error", ignore);
  }

  query<R>(sql: string, parameters: ReadonlyArray<unknown>): Promise<PostgresQueryResult<R>>;
  query(): never;
  async query<R>(text = "", values: ReadonlyArray<unknown> = []): Promise<PostgresQueryResult<R>> {
    if (this.#hasTimedOut) throw timedOut();
    try {
      const query = { ...(this.#prepareStatements && statementName(text)), text, values: [...values], types };
      const result = await withinDeadline(this.#deadline, this.#client.query(query));
      return result as PostgresQueryResult<R>;
    } catch (error) {
      this.#hasTimedOut ||= error instanceof DeadlineError;
      throw error;
    }
  }

  release(destroy = false): void {
    this.#client.off("error", ignore);
    this.#client.release(destroy || this.#hasTimedOut);
  }
}

class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

function timedOut(): DeadlineError {
  return new DeadlineError("PostgreSQL did not respond within the deadline.");
}

/**
 * Waits for `work` until `deadline` (by `performance.now()`).
 *
 * When this process itself was suspended, it wakes up with the timer due and the response unread. Two turns of the
 * event loop let it read the response first, so that its own pause does not count as the server's.
 */
function withinDeadline<T>(deadline: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => setImmediate(() => setImmediate(() => reject(timedOut())));
    const timer = setTimeout(giveUp, Math.max(0, deadline - performance.now()));
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
