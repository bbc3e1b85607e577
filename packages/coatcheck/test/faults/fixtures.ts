import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createTemporaryFolder } from "../servers/machine.ts";
import { startPostgres } from "../servers/postgres.ts";
import type { RunningServer } from "../servers/start.ts";
import { addNamespace, type Namespace, openNetwork } from "./network.ts";
import { NodeProcess } from "./node-process.ts";
import { RedisCacheServer } from "./redis-server.ts";

/** The staleness bound under test, in milliseconds. */
export const STALENESS_BOUND = 1000;

/**
 * Staleness bound of the node without a lease. It is longer than any trial, so this node polls the log only at its
 * start.
 */
const VERY_LONG_STALENESS_BOUND = 24 * 3_600_000;

/** PostgreSQL, Redis and three nodes, each node in its own network namespace. */
export class FaultEnvironment {
  readonly postgres: string;
  readonly postgresPort: number;
  readonly redis: RedisCacheServer;
  /** Process ids of the PostgreSQL backends that a fault has suspended. */
  stoppedBackends: readonly number[] = [];
  readonly #server: RunningServer;
  readonly #folder: string;
  readonly #namespaces: readonly [Namespace, Namespace, Namespace];
  #nodes: readonly NodeProcess[] = [];

  private constructor(
    server: RunningServer,
    redis: RedisCacheServer,
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

  /** Starts the servers and creates the namespaces. */
  static async open(): Promise<FaultEnvironment> {
    await openNetwork();
    const [server, redis, folder] = await Promise.all([
      startPostgres(),
      RedisCacheServer.start(),
      createTemporaryFolder("faults", null),
    ]);
    const namespaces = [
      await addNamespace("revoker", 1),
      await addNamespace("leased", 2),
      await addNamespace("unleased", 3),
    ] as const;
    return new FaultEnvironment(server, redis, folder, namespaces);
  }

  /** The node that revokes sessions. */
  get revokingNode(): NodeProcess {
    return this.#node(0);
  }

  /** The serving node whose cache keeps the staleness bound with a lease. */
  get nodeWithLease(): NodeProcess {
    return this.#node(1);
  }

  /** The serving node for comparison, whose lease is switched off. */
  get nodeWithoutLease(): NodeProcess {
    return this.#node(2);
  }

  /** Both serving nodes. */
  get servingNodes(): readonly NodeProcess[] {
    return [this.nodeWithLease, this.nodeWithoutLease];
  }

  /** Starts new nodes with empty caches. */
  async startNodes(): Promise<void> {
    const [revoker, ...others] = this.#namespaces;
    // The first node creates the tables, so it starts before the others.
    this.#nodes = [await this.#startNode(revoker)];
    this.#nodes = [...this.#nodes, ...(await Promise.all(others.map((each) => this.#startNode(each))))];
  }

  async stopNodes(): Promise<void> {
    this.resumeBackends();
    await Promise.all(this.#nodes.map((node) => node.stop()));
    this.#nodes = [];
    await Promise.all(this.#namespaces.map((namespace) => namespace.stopDrops()));
  }

  /** Resumes the PostgreSQL backends that a fault has suspended. */
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
    if (!node) throw new Error("The nodes have not been started: call startNodes() first.");
    return node;
  }

  async #startNode(namespace: Namespace): Promise<NodeProcess> {
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
      maxStaleness: name === "unleased" ? VERY_LONG_STALENESS_BOUND : STALENESS_BOUND,
    });
  }
}
