import { query } from "../servers/postgres.ts";
import type { Lab } from "./lab.ts";

/** Something that goes wrong for a while. */
export interface Fault {
  readonly name: string;
  /** Seconds that it lasts. */
  readonly lasts: number;
  /** Seconds of the whole trial. */
  readonly trial: number;
  /** The share of the live sessions' requests that must be served all the same. */
  readonly liveFloor: number;
  begin(lab: Lab): Promise<unknown>;
  end(lab: Lab): Promise<unknown>;
}

const usual = { lasts: 5, trial: 12, liveFloor: 0.99 };
const HOUR = 3_600_000;

/** Every way in which the harness breaks things; what happens, happens to both of the nodes that serve. */
export const faults: readonly Fault[] = [
  { ...usual, name: "none", begin: async () => {}, end: async () => {} },
  {
    ...usual,
    name: "packets to Redis dropped, 5 s",
    begin: ({ serving, redis }) => each(serving, (node) => node.namespace.drop([redis.port])),
    end: heal,
  },
  {
    ...usual,
    name: "packets to PostgreSQL and Redis dropped, 5 s",
    // Long enough to say what such an outage costs a service that has one now and then.
    trial: 40,
    liveFloor: 0.85,
    begin: ({ serving, redis, postgresPort }) =>
      each(serving, (node) => node.namespace.drop([redis.port, postgresPort])),
    end: heal,
  },
  {
    ...usual,
    name: "who revokes cannot publish, to the end",
    lasts: usual.trial,
    begin: ({ revoker, redis }) => revoker.namespace.drop([redis.port]),
    end: async () => {},
  },
  {
    ...usual,
    name: "nodes stopped (SIGSTOP), 5 s",
    begin: async ({ serving }) => serving.map((node) => node.signal("SIGSTOP")),
    end: async ({ serving }) => serving.map((node) => node.signal("SIGCONT")),
  },
  {
    ...usual,
    name: "Redis killed (kill -9), back with nothing",
    begin: ({ redis }) => redis.crash(),
    end: async () => {},
  },
  {
    ...usual,
    name: "Redis hangs (CLIENT PAUSE), 4 s",
    lasts: 4,
    begin: ({ redis }) => redis.pause(4000),
    end: async () => {},
  },
  {
    ...usual,
    name: "PostgreSQL's processes for the nodes stopped, 4 s",
    lasts: 4,
    begin: async (lab) => {
      lab.stoppedBackends = await backendsOf(lab);
      for (const pid of lab.stoppedBackends) process.kill(pid, "SIGSTOP");
    },
    end: async (lab) => {
      lab.resumeBackends();
    },
  },
  {
    ...usual,
    name: "PostgreSQL crashes (kill -9), and recovers",
    // Recovering takes as long as it takes, on a busy machine some seconds: an outage, as above.
    trial: 40,
    liveFloor: 0.85,
    // The server ends every connection then, and reads its log again from the last checkpoint.
    begin: async (lab) => {
      const [pid] = await backendsOf(lab);
      if (pid === undefined) throw new Error("The nodes have no connection to PostgreSQL.");
      process.kill(pid, "SIGKILL");
    },
    end: async () => {},
  },
  {
    ...usual,
    name: "the nodes' wall clocks an hour back, 5 s",
    begin: ({ serving }) => each(serving, (node) => node.ask("setClock", -HOUR)),
    end: ({ serving }) => each(serving, (node) => node.ask("setClock", 0)),
  },
];

async function each<Item>(items: readonly Item[], act: (item: Item) => Promise<unknown>): Promise<void> {
  await Promise.all(items.map(act));
}

function heal({ serving }: Lab): Promise<void> {
  return each(serving, (node) => node.namespace.heal());
}

/** The server's processes behind the connections of the nodes that serve. */
async function backendsOf({ serving, postgres }: Lab): Promise<number[]> {
  const names = serving.map((node) => `'${node.namespace.name}'`).join(", ");
  const rows = await query(postgres, `select pid from pg_stat_activity where application_name in (${names})`);
  return rows.map(({ pid }) => Number(pid));
}
