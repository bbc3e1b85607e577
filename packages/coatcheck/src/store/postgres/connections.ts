import { type NoticeListener, OutageReporter } from "../notice.ts";
import type { PostgresClient } from "./driver.ts";
import { isOutage, isWrongServer, postgresUnavailable } from "./errors.ts";

/** Milliseconds between two replacements of all connections, so that they do not become a load of their own. */
const REPLACE_INTERVAL = 500;

/** The state of one pool's connections, shared by all users of the pool. */
export class Connections {
  readonly #outages: OutageReporter;
  readonly #generations = new WeakMap<PostgresClient, number>();
  /** Statements that failed, and `connect`. A standby still accepts reads, so only one of these shows a recovery. */
  readonly #failed = new Set<string>();
  #generation = 0;
  #lastReplacement = Number.NEGATIVE_INFINITY;
  #prepares = true;

  constructor(onNotice?: NoticeListener) {
    this.#outages = new OutageReporter("PostgreSQL", onNotice);
  }

  /** Whether connections keep prepared statements. Behind a transaction pooler they do not. */
  get prepares(): boolean {
    return this.#prepares;
  }

  stopPreparing(): void {
    this.#prepares = false;
  }

  /** Whether the connection was opened before its server said that it is not the primary. */
  isOutdated(client: PostgresClient): boolean {
    const generation = this.#generations.get(client);
    if (generation === undefined) this.#generations.set(client, this.#generation);
    return generation !== undefined && generation < this.#generation;
  }

  /**
   * Records a failed statement, or `connect` without a client. All connections are replaced if the server is no longer
   * the primary: by now, its name may point to another one.
   */
  fail(statement: string, error: unknown, client?: PostgresClient): void {
    if (!isOutage(error)) return;
    this.#failed.add(statement);
    const isWrong = isWrongServer(error);
    const { message } = postgresUnavailable(error);
    this.#outages.fail(isWrong ? `${message} Reconnecting.` : message, error);
    const now = performance.now();
    if (!client || !isWrong || now - this.#lastReplacement < REPLACE_INTERVAL) return;
    this.#lastReplacement = now;
    this.#generation++;
  }

  /** Records a statement, or `connect`, that succeeded. */
  succeed(statement: string): void {
    if (this.#failed.has(statement)) this.#outages.succeed();
  }
}
