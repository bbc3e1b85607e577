import { rm } from "node:fs/promises";
import { join } from "node:path";
import { throwAwayFolder } from "../servers/machine.ts";
import { startPostgres } from "../servers/postgres.ts";
import type { RunningServer } from "../servers/start.ts";
import { addNamespace, type Namespace, openNetwork } from "./network.ts";
import { NodeProcess } from "./node-process.ts";
import { CacheServer } from "./redis-server.ts";

/** The staleness bound that is put to the test, milliseconds. */
export const BOUND = 1000;

/** The lease is switched off by a bound that nothing outlasts: same code, but the log is never asked again. */
const NO_BOUND = 24 * 3_600_000;

/** PostgreSQL, Redis and three nodes, each in a network namespace of its own. */
export class Lab {
  readonly postgres: string;
  readonly postgresPort: number;
  readonly redis: CacheServer;
  /** Of PostgreSQL's processes, those that a fault has stopped. */
  stoppedBackends: readonly number[] = [];
  readonly #server: RunningServer;
  readonly #folder: string;
  readonly #namespaces: readonly [Namespace, Namespace, Namespace];
  #nodes: readonly NodeProcess[] = [];

  private constructor(
    server: RunningServer,
    redis: CacheServer,
    folder: string,
    namespaces: readonly [Namespace, Namespace, Namespace],
  ) {
    this.#server = server;
    this.#folder = folder;
    this.#namespaces = namespaces;
    this.redis = redis;
    this.postgres = server.url;
    this.postgresPort = Number(new URL(server.url).port);
  }

  static async open(): Promise<Lab> {
    await openNetwork();
    const [server, redis, folder] = await Promise.all([
      startPostgres(),
      CacheServer.start(),
      throwAwayFolder("faults", null),
    ]);
    const namespaces = [
      await addNamespace("revoker", 1),
      await addNamespace("leased", 2),
      await addNamespace("unleased", 3),
    ] as const;
    return new Lab(server, redis, folder, namespaces);
  }

  get revoker(): NodeProcess {
    return this.#node(0);
  }

  /** The node that keeps its bound. */
  get leased(): NodeProcess {
    return this.#node(1);
  }

  /** The node with the lease switched off. */
  get unleased(): NodeProcess {
    return this.#node(2);
  }

  get serving(): readonly NodeProcess[] {
    return [this.leased, this.unleased];
  }

  /** New nodes, which remember nothing of the last trial. */
  async startNodes(): Promise<void> {
    const [revoker, ...others] = this.#namespaces;
    // One after the other first: the tables are made by the first.
    this.#nodes = [await this.#start(revoker)];
    this.#nodes = [...this.#nodes, ...(await Promise.all(others.map((each) => this.#start(each))))];
  }

  async stopNodes(): Promise<void> {
    this.resumeBackends();
    await Promise.all(this.#nodes.map((node) => node.stop()));
    this.#nodes = [];
    await Promise.all(this.#namespaces.map((namespace) => namespace.heal()));
  }

  resumeBackends(): void {
    for (const pid of this.stoppedBackends) process.kill(pid, "SIGCONT");
    this.stoppedBackends = [];
  }

  async close(): Promise<void> {
    await this.stopNodes();
    await Promise.all([this.#server.stop(), this.redis.stop()]);
    await rm(this.#folder, { recursive: true, force: true });
  }

  #node(index: number): NodeProcess {
    const node = this.#nodes[index];
    if (!node) throw new Error("The nodes have not been started.");
    return node;
  }

  async #start(namespace: Namespace): Promise<NodeProcess> {
    const { name, gateway } = namespace;
    const socket = join(this.#folder, `${name}.sock`);
    await rm(socket, { force: true });
    const postgres = new URL(this.postgres);
    postgres.hostname = gateway;
    postgres.searchParams.set("application_name", name);
    return await NodeProcess.start(namespace, {
      socket,
      postgres: postgres.href,
      redis: `redis://${gateway}:${this.redis.port}`,
      stalenessBound: name === "unleased" ? NO_BOUND : BOUND,
    });
  }
}
