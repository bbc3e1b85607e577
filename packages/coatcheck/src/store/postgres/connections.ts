import { type NoticeListener, OutageReporter } from "../notice.ts";
import type { PostgresClient } from "./driver.ts";
import { isOutage, isWrongServer, postgresUnavailableError } from "./errors.ts";

/** Minimum milliseconds between two replacements of all connections, to limit the load on the server. */
const MIN_REPLACEMENT_INTERVAL = 500;

/** The state of one pool's connections, shared by all users of the pool. */
export class Connections {
  readonly #outages: OutageReporter;
  readonly #generations = new WeakMap<PostgresClient, number>();
  /**
   * The statements that failed, and `connect` if connecting failed. A standby still accepts reads, so the server has
   * recovered only when one of these succeeds.
   */
  readonly #failed = new Set<string>();
  #generation = 0;
  #lastReplacement = Number.NEGATIVE_INFINITY;
  #canPrepare = true;

  constructor(onNotice?: NoticeListener) {
    this.#outages = new OutageReporter("PostgreSQL", onNotice);
  }

  /** Whether statements can be prepared once per connection. False behind a transaction pooler. */
  get canPrepare(): boolean {
    return this.#canPrepare;
  }

  stopPreparing(): void {
    this.#canPrepare = false;
  }

  /** Whether the connection was opened before its server said that it is not the primary. */
  isOutdated(client: PostgresClient): boolean {
    const generation = this.#generations.get(client);
    if (generation === undefined) this.#generations.set(client, this.#generation);
    return generation !== undefined && generation < this.#generation;
  }

  /**
   * Records that a statement has failed. For a failed attempt to connect, `statement` is `connect` and `client` is
   * missing. If the server is no longer the primary, replaces all connections, because its host name may now point to
   * another server.
   */
  recordFailure(statement: string, error: unknown, client?: PostgresClient): void {
    if (!isOutage(error)) return;
    this.#failed.add(statement);
    const isWrong = isWrongServer(error);
    const { message } = postgresUnavailableError(error);
    this.#outages.recordFailure(isWrong ? `${message} Reconnecting.` : message, error);
    const now = performance.now();
    if (!client || !isWrong || now - this.#lastReplacement < MIN_REPLACEMENT_INTERVAL) return;
    this.#lastReplacement = now;
    this.#generation++;
  }

  /** Records that a statement has succeeded. For a new connection, `statement` is `connect`. */
  recordSuccess(statement: string): void {
    if (this.#failed.has(statement)) this.#outages.recordSuccess();
  }
}
