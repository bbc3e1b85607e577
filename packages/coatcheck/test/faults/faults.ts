import { query } from "../servers/postgres.ts";
import type { FaultEnvironment } from "./fixtures.ts";

/** A fault that the harness injects during a trial. */
export interface Fault {
  readonly name: string;
  /** Duration of the fault, in seconds. */
  readonly faultDuration: number;
  /** Duration of the trial, in seconds. */
  readonly trialDuration: number;
  /** Minimum share of the live sessions' requests that must be served, 0 to 1. */
  readonly minimumLiveShare: number;
  begin(environment: FaultEnvironment): Promise<unknown>;
  end(environment: FaultEnvironment): Promise<unknown>;
}

const defaults = { faultDuration: 5, trialDuration: 12, minimumLiveShare: 0.99 };
const HOUR = 3_600_000;

/** The faults that the harness injects. Unless a name says otherwise, a fault affects both serving nodes. */
export const faults: readonly Fault[] = [
  { ...defaults, name: "none", begin: async () => {}, end: async () => {} },
  {
    ...defaults,
    name: "packets to Redis dropped for 5 s",
    begin: ({ servingNodes, redis }) =>
      toEachServingNode(servingNodes, (node) => node.namespace.startDrops([redis.port])),
    end: stopPacketDrops,
  },
  {
    ...defaults,
    name: "packets to PostgreSQL and Redis dropped for 5 s",
    // A longer trial, which shows what share of its requests a service loses because of this outage.
    trialDuration: 40,
    minimumLiveShare: 0.85,
    begin: ({ servingNodes, redis, postgresPort }) =>
      toEachServingNode(servingNodes, (node) => node.namespace.startDrops([redis.port, postgresPort])),
    end: stopPacketDrops,
  },
  {
    ...defaults,
    name: "the revoking node cannot publish hints",
    faultDuration: defaults.trialDuration,
    begin: ({ revokingNode, redis }) => revokingNode.namespace.startDrops([redis.port]),
    end: async () => {},
  },
  {
    ...defaults,
    name: "nodes stopped (SIGSTOP) for 5 s",
    begin: async ({ servingNodes }) => servingNodes.map((node) => node.signal("SIGSTOP")),
    end: async ({ servingNodes }) => servingNodes.map((node) => node.signal("SIGCONT")),
  },
  {
    ...defaults,
    name: "Redis killed (kill -9) and restarted empty",
    begin: ({ redis }) => redis.crash(),
    end: async () => {},
  },
  {
    ...defaults,
    name: "Redis hangs (CLIENT PAUSE) for 4 s",
    faultDuration: 4,
    begin: ({ redis }) => redis.pause(4000),
    end: async () => {},
  },
  {
    ...defaults,
    name: "the nodes' PostgreSQL backends stopped for 4 s",
    faultDuration: 4,
    begin: async (environment) => {
      environment.stoppedBackends = await findBackends(environment);
      for (const pid of environment.stoppedBackends) process.kill(pid, "SIGSTOP");
    },
    end: async (environment) => {
      environment.resumeBackends();
    },
  },
  {
    ...defaults,
    name: "PostgreSQL crashes (kill -9) and recovers",
    // While the server recovers, it is also unavailable. That takes some seconds on a busy machine.
    trialDuration: 40,
    minimumLiveShare: 0.85,
    // When a backend crashes, the server closes all connections and replays its log from the last checkpoint.
    begin: async (environment) => {
      const [pid] = await findBackends(environment);
      if (pid === undefined) throw new Error("The nodes have no connection to PostgreSQL.");
      process.kill(pid, "SIGKILL");
    },
    end: async () => {},
  },
  {
    ...defaults,
    name: "the nodes' wall clocks set back an hour for 5 s",
    begin: ({ servingNodes }) => toEachServingNode(servingNodes, (node) => node.send("setClock", -HOUR)),
    end: ({ servingNodes }) => toEachServingNode(servingNodes, (node) => node.send("setClock", 0)),
  },
];

async function toEachServingNode<Item>(
  items: readonly Item[],
  act: (item: Item) => Promise<unknown>,
): Promise<void> {
  await Promise.all(items.map(act));
}

function stopPacketDrops({ servingNodes }: FaultEnvironment): Promise<void> {
  return toEachServingNode(servingNodes, (node) => node.namespace.stopDrops());
}

/** Returns the process ids of the PostgreSQL backends to which the serving nodes are connected. */
async function findBackends({ servingNodes, postgres }: FaultEnvironment): Promise<number[]> {
  const names = servingNodes.map((node) => `'${node.namespace.name}'`).join(", ");
  const rows = await query(postgres, `select pid from pg_stat_activity where application_name in (${names})`);
  return rows.map(({ pid }) => Number(pid));
}
