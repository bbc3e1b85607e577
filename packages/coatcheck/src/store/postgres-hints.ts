import type { Client, Notification } from "pg";
import { systemSchedule } from "../session/clock.ts";
import { CoatcheckError } from "../session/errors.ts";
import { type Hint, type HintChannel, parseHint } from "../session/hint.ts";
import { listeningClient, postgresUrl } from "./postgres-connect.ts";

/** Where the processes meet. */
export interface PostgresHintsOptions {
  /** `postgres://user:password@host:port/database`, the store's own. */
  readonly connectionString: string;
}

/** One for each database; what two applications in one tell each other does no harm. */
const CHANNEL = "coatcheck_hints";
/** Bytes; the server refuses 8000. */
const LONGEST_PAYLOAD = 7999;
/** Milliseconds for a connection, and for an answer on it. */
const PATIENCE = 1000;
/** Milliseconds until a connection is tried again: doubled at each failure, from the first to the second. */
const RETRY_AFTER = [50, 5000] as const;

const ignore = () => {};

/**
 * Hints over PostgreSQL's `LISTEN` and `NOTIFY`, for caches of several machines that share no Redis. It holds one
 * connection of its own, and replaces it when it breaks; what was said meanwhile is lost, and left to the log.
 *
 * Every `NOTIFY` takes a lock of the whole database while it commits, so hints that come together go out in one. Where
 * there is a Redis, let that carry them. A pooler such as PgBouncer must work in session mode.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` when it is no such URL. A server that is not there is waited for.
 * @example
 * const cache = createCache({ store, hints: postgresHints({ connectionString }) });
 */
export function postgresHints({ connectionString }: PostgresHintsOptions): HintChannel {
  return new PostgresHints(postgresUrl(connectionString));
}

class PostgresHints implements HintChannel {
  readonly #url: URL;
  readonly #listeners = new Set<(hint: Hint) => void>();
  #client: Client | null = null;
  #opening: Promise<void> | null = null;
  #cancelRetry = ignore;
  #failures = 0;
  #waiting: string[] = [];
  #next: Promise<void> | null = null;
  #last: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(url: URL) {
    this.#url = url;
  }

  /** A hint that is longer than a payload may be is not sent. */
  async publish(hint: Hint): Promise<void> {
    const payload = JSON.stringify(hint);
    if (Buffer.byteLength(payload) > LONGEST_PAYLOAD) return;
    this.#waiting.push(payload);
    if (this.#next === null) {
      const send = () => this.#send();
      this.#next = this.#last.then(send, send);
      this.#last = this.#next;
    }
    await this.#next;
  }

  /** Resolves when it listens, or when the first attempt has failed; others follow. */
  async subscribe(listener: (hint: Hint) => void): Promise<() => Promise<void>> {
    this.#listeners.add(listener);
    await this.#open();
    return async () => {
      this.#listeners.delete(listener);
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#cancelRetry();
    await this.#opening;
    const client = this.#client;
    this.#client = null;
    if (client) await end(client);
  }

  async #send(): Promise<void> {
    const payloads = this.#waiting;
    this.#waiting = [];
    this.#next = null;
    const client = this.#client;
    if (!client) throw new CoatcheckError("STORE_UNAVAILABLE", "There is no connection for hints.");
    try {
      await client.query(`select pg_notify('${CHANNEL}', hint) from unnest($1::text[]) as hint`, [payloads]);
    } catch (error) {
      // The server may hang, and then nothing is heard either.
      this.#lost(client);
      throw error;
    }
  }

  async #open(): Promise<void> {
    if (this.#isClosed || this.#client) return;
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = null;
    });
    await this.#opening;
  }

  async #connect(): Promise<void> {
    const client = await listeningClient(this.#url, PATIENCE);
    // Besides telling its query, a broken connection emits an error, which without a listener ends the process.
    client.on("error", ignore);
    client.on("notification", (notification) => this.#heard(notification));
    client.on("end", () => this.#lost(client));
    try {
      await client.connect();
      // A hint need not outlive a crash of the server, so nobody waits for its disk.
      await client.query(`set synchronous_commit = off; listen ${CHANNEL}`);
    } catch {
      await end(client);
      this.#retry();
      return;
    }
    this.#client = client;
    this.#failures = 0;
  }

  #lost(client: Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    void end(client);
    this.#retry();
  }

  #retry(): void {
    if (this.#isClosed) return;
    const [first, longest] = RETRY_AFTER;
    const delay = Math.min(first * 2 ** this.#failures++, longest);
    this.#cancelRetry = systemSchedule(delay, () => void this.#open());
  }

  #heard({ payload = "" }: Notification): void {
    const hint = parseHint(payload);
    if (!hint) return;
    for (const listener of this.#listeners) listener(hint);
  }
}

/** Ends a connection. A server that does not say good-bye in time is not waited for. */
async function end(client: Client): Promise<void> {
  const cancel = systemSchedule(PATIENCE, () => client.connection.stream.destroy());
  await client.end().catch(ignore);
  cancel();
}
