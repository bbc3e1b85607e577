import type {
  PostgresPoolClient as KyselyClient,
  PostgresPool as KyselyPool,
  PostgresQueryResult,
} from "kysely";

/** What the store sends: text, parameters, and how to read what comes back. */
export interface PostgresQuery {
  /** Statements of the hot paths are named, so that each connection plans them once. */
  readonly name?: string;
  readonly text: string;
  readonly values: unknown[];
  readonly types: { getTypeParser(oid: number): (text: string) => unknown };
}

/** The slice of `pg`'s client that the store uses. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<{ command: string; rowCount: number | null; rows: unknown[] }>;
  on(event: "error", listener: (error: Error) => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
  /** `true` closes the connection instead of keeping it for the next call. */
  release(destroy?: boolean): void;
}

/** The slice of `pg`'s `Pool` that the store uses. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
  on(event: "error", listener: (error: Error) => void): unknown;
  end(): Promise<void>;
}

/** Type numbers of PostgreSQL's catalogue (`pg_type.oid`). */
const BOOLEAN = 16;
const INTEGERS = [20, 21, 23];

/** Every integer that the store reads is a safe one: times, counts, versions, positions. The rest stays as text. */
const types: PostgresQuery["types"] = {
  getTypeParser(oid) {
    if (oid === BOOLEAN) return (text) => text === "t";
    return INTEGERS.includes(oid) ? Number : String;
  },
};

const ignore = () => {};

/** Names by text. The store's texts are few: values are parameters. */
const names = new Map<string, { readonly name: string }>();

function nameOf(text: string): { readonly name: string } {
  const known = names.get(text);
  if (known) return known;
  const named = { name: `coatcheck_${names.size}` };
  names.set(text, named);
  return named;
}

/** How a {@link DeadlinePool} goes about its queries. */
export interface PoolManner {
  /** Milliseconds. */
  readonly deadline: number;
  /** Whether statements are planned once for each connection, or anew for the values of each call. */
  readonly planOnce: boolean;
}

/**
 * A pool that answers in time. From the moment a connection is asked for, everything done with it must be over within
 * the deadline. A connection that has missed it is closed, not handed to the next caller, because a hung server holds
 * it for ever; what was sent may still take effect.
 */
export class DeadlinePool implements KyselyPool {
  /** Kysely wants to see some. */
  readonly options: object = {};
  readonly #pool: PostgresPool;
  readonly #manner: PoolManner;

  constructor(pool: PostgresPool, manner: PoolManner) {
    this.#pool = pool;
    this.#manner = manner;
  }

  async connect(): Promise<KyselyClient> {
    const until = performance.now() + this.#manner.deadline;
    const connecting = this.#pool.connect();
    try {
      return new DeadlineClient(await within(until, connecting), until, this.#manner.planOnce);
    } catch (error) {
      connecting.then((late) => late.release(), ignore);
      throw error;
    }
  }

  /** Closes every connection. A server that does not say good-bye in time is not waited for. */
  async end(): Promise<void> {
    await within(performance.now() + this.#manner.deadline, this.#pool.end()).catch(ignore);
  }
}

class DeadlineClient implements KyselyClient {
  readonly #client: PostgresClient;
  readonly #until: number;
  readonly #planOnce: boolean;
  #isLate = false;

  constructor(client: PostgresClient, until: number, planOnce: boolean) {
    this.#client = client;
    this.#until = until;
    this.#planOnce = planOnce;
    // A connection that breaks tells its query, and besides emits an error, which without a listener ends the process.
    client.on("error", ignore);
  }

  query<R>(sql: string, parameters: ReadonlyArray<unknown>): Promise<PostgresQueryResult<R>>;
  query(): never;
  async query<R>(text = "", values: ReadonlyArray<unknown> = []): Promise<PostgresQueryResult<R>> {
    if (this.#isLate) throw late();
    try {
      const query = { ...(this.#planOnce && nameOf(text)), text, values: [...values], types };
      const result = await within(this.#until, this.#client.query(query));
      return result as PostgresQueryResult<R>;
    } catch (error) {
      this.#isLate ||= error instanceof Late;
      throw error;
    }
  }

  release(destroy = false): void {
    this.#client.off("error", ignore);
    this.#client.release(destroy || this.#isLate);
  }
}

class Late extends Error {
  override readonly name = "Late";
}

function late(): Late {
  return new Late("PostgreSQL did not answer within the deadline.");
}

/**
 * Waits for `work`, but not longer than `until` (of `performance.now()`). A process that was itself stopped wakes up
 * with the timer due and the answer unread: a turn of the event loop is granted, so that its own pause is not taken
 * for the server's.
 */
function within<T>(until: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => setImmediate(() => setImmediate(() => reject(late())));
    const timer = setTimeout(giveUp, Math.max(0, until - performance.now()));
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
