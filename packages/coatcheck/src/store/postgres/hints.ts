import type { Client, Notification } from "pg";
import { systemSchedule } from "../../session/clock.ts";
import { CoatcheckError } from "../../session/errors.ts";
import { type Hint, type HintChannel, parseHint } from "../../session/hint.ts";
import { type KnownOptions, requireKnownOptions } from "../../session/known-options.ts";
import { type NoticeListener, warnOfNotice } from "../notice.ts";
import { createListeningClient, postgresUrl } from "./connect.ts";

/** Options of {@link postgresHints}. */
export interface PostgresHintsOptions {
  /** `postgres://user:password@host:port/database`, the same database as the store's. */
  readonly connectionString: string;
  /**
   * Called when the channel cannot receive hints because its connection leads to a transaction pooler. Default: a
   * process warning.
   */
  readonly onNotice?: NoticeListener;
}

const HINTS_OPTIONS = {
  connectionString: true,
  onNotice: "function",
} satisfies KnownOptions<PostgresHintsOptions>;

/**
 * The channel is shared by all applications in one database. That is harmless: a hint only makes a cache drop copies.
 */
const CHANNEL_NAME = "coatcheck_hints";
/** Bytes. The server rejects payloads of 8000 bytes and more. */
const MAX_PAYLOAD_BYTES = 7999;
/** Milliseconds that a connection attempt or a query may take. */
const CONNECTION_TIMEOUT = 1000;
/** First and longest delay before a reconnection, in milliseconds. The delay doubles after each failure. */
const RETRY_DELAYS = [50, 5000] as const;

const POOLER_MESSAGE =
  "PostgreSQL's hints do not arrive through a pooler in transaction mode, so processes learn of revocations from the log only; " +
  "give postgresHints the URL of the server itself.";

const ignoreError = () => {};

/**
 * Creates a hint channel over PostgreSQL's `LISTEN` and `NOTIFY`, for caches on several machines without Redis. It
 * keeps one connection of its own and reconnects when the connection breaks. Hints that are sent during a reconnection
 * are lost; caches then learn of the revocation from the log.
 *
 * Every `NOTIFY` takes a lock on the whole database while it commits, so the channel sends queued hints in one query.
 * If you have Redis, send hints over Redis instead.
 *
 * `LISTEN` needs a connection of its own. Behind a pooler in transaction mode, the channel can send hints but not
 * receive them, and reports that as a notice. Pass the URL of the server itself or of a pooler in session mode instead.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` when `connectionString` is not a PostgreSQL URL. The channel does not
 * throw when the server is down; it keeps reconnecting.
 * @throws UsageError for an unknown option.
 *
 * @example
 * const cache = createCache({ store, hints: postgresHints({ connectionString }) });
 */
export function postgresHints(options: PostgresHintsOptions): HintChannel {
  requireKnownOptions("PostgreSQL hints options", options, HINTS_OPTIONS);
  return new PostgresHints(postgresUrl(options.connectionString), options.onNotice ?? warnOfNotice);
}

class PostgresHints implements HintChannel {
  readonly #url: URL;
  readonly #onNotice: NoticeListener;
  readonly #listeners = new Set<(hint: Hint) => void>();
  #client: Client | null = null;
  #opening: Promise<void> | null = null;
  #cancelReconnect = ignoreError;
  #failures = 0;
  #queue: string[] = [];
  #nextSend: Promise<void> | null = null;
  #lastSend: Promise<void> = Promise.resolve();
  #isClosed = false;
  #hasWarned = false;

  constructor(url: URL, onNotice: NoticeListener) {
    this.#url = url;
    this.#onNotice = onNotice;
  }

  /** Queues a hint and resolves when it has been sent. Drops a hint that exceeds the maximum payload. */
  async publish(hint: Hint): Promise<void> {
    const payload = JSON.stringify(hint);
    if (Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES) return;
    this.#queue.push(payload);
    if (this.#nextSend === null) {
      const send = () => this.#send();
      this.#nextSend = this.#lastSend.then(send, send);
      this.#lastSend = this.#nextSend;
    }
    await this.#nextSend;
  }

  /**
   * Resolves when the channel is listening, or when the first attempt to connect has failed. The channel then keeps
   * trying.
   */
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
    this.#cancelReconnect();
    await this.#opening;
    const client = this.#client;
    this.#client = null;
    if (client) await endClient(client);
  }

  async #send(): Promise<void> {
    const payloads = this.#queue;
    this.#queue = [];
    this.#nextSend = null;
    const client = this.#client;
    if (!client)
      throw new CoatcheckError(
        "STORE_UNAVAILABLE",
        "postgresHints() could not send a hint: it has no connection to PostgreSQL, and keeps trying to connect.",
      );
    try {
      await client.query(`select pg_notify('${CHANNEL_NAME}', hint) from unnest($1::text[]) as hint`, [
        payloads,
      ]);
    } catch (error) {
      // The server may hang. Reconnect, because this connection would receive no hints either.
      this.#handleLoss(client);
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
    const client = await createListeningClient(this.#url, CONNECTION_TIMEOUT);
    // A broken connection rejects its query and also emits "error". Without a listener, that would end the process.
    client.on("error", ignoreError);
    client.on("notification", (notification) => this.#handleNotification(notification));
    client.on("end", () => this.#handleLoss(client));
    try {
      await client.connect();
      if (await isTransactionPooled(client, () => createListeningClient(this.#url, CONNECTION_TIMEOUT)))
        this.#warn();
      // A hint may be lost in a crash of the server, so its commit does not wait for the disk.
      else await client.query(`set synchronous_commit = off; listen ${CHANNEL_NAME}`);
    } catch {
      await endClient(client);
      this.#scheduleReconnect();
      return;
    }
    this.#client = client;
    this.#failures = 0;
  }

  #warn(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#onNotice({ kind: "limited", message: POOLER_MESSAGE });
  }

  #handleLoss(client: Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    void endClient(client);
    this.#scheduleReconnect();
  }

  #scheduleReconnect(): void {
    if (this.#isClosed) return;
    const [first, longest] = RETRY_DELAYS;
    const delay = Math.min(first * 2 ** this.#failures++, longest);
    this.#cancelReconnect = systemSchedule(delay, () => void this.#open());
  }

  #handleNotification({ payload = "" }: Notification): void {
    const hint = parseHint(payload);
    if (!hint) return;
    for (const listener of this.#listeners) listener(hint);
  }
}

/**
 * Whether a connection leads to a transaction pooler, which may run each transaction in another server process. To find
 * out, a second connection keeps a transaction open. Behind such a pooler, the second connection gets the server
 * process of the first connection, or the next query of the first connection runs in another server process.
 */
async function isTransactionPooled(
  client: Client & { readonly processID?: number | null },
  createOtherClient: () => Promise<Client>,
): Promise<boolean> {
  const before = await serverProcessOf(client);
  // The server reports its real process id. A pooler would report an invented one.
  if (before === client.processID) return false;
  const other = await createOtherClient();
  other.on("error", ignoreError);
  try {
    await other.connect();
    await other.query("begin");
    const held = await serverProcessOf(other);
    return held === before || (await serverProcessOf(client)) !== before;
  } finally {
    await endClient(other);
  }
}

async function serverProcessOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]?.pid ?? 0;
}

/** Ends a connection. Destroys its socket if the server does not close it in time. */
async function endClient(client: Client): Promise<void> {
  const cancel = systemSchedule(CONNECTION_TIMEOUT, () => client.connection.stream.destroy());
  await client.end().catch(ignoreError);
  cancel();
}
