import { createCluster, createSentinel } from "redis";
import { redisShared } from "../../src/cache/index.ts";
import { postgresStore } from "../../src/store/postgres/store.ts";
import {
  connectRedis,
  type NodeRedis,
  nodeRedisTransport,
  type RedisTransport,
  redisClientSettings,
  redisStore,
} from "../../src/store/redis/store.ts";
import { query, startPostgres, startStandby } from "../servers/postgres.ts";
import { proxyTo } from "../servers/proxy.ts";
import { startSentinel } from "../store/redis/fixtures.ts";
import { type Load, type LoadReport, openLoad } from "./load.ts";
import {
  COMMAND_DEADLINE,
  failOverToReplica,
  type RegisterCleanUp,
  startClusterPair,
  startRedisNode,
  startRedisPair,
  untilReplicated,
  untilRole,
} from "./redis-pair.ts";

/** One kind of failover. */
export interface FailoverTrial {
  readonly name: string;
  readonly runs: number;
  run(registerCleanUp: RegisterCleanUp): Promise<LoadReport>;
}

/** Number of successful requests in a row to wait for, before the failover starts and after it. */
const HEALTHY_REQUEST_COUNT = 100;

export const TRIALS: readonly FailoverTrial[] = [
  {
    name: "Redis: `FAILOVER`, then the name moves",
    runs: 3,
    async run(registerCleanUp) {
      const pair = await startRedisPair({}, registerCleanUp);
      return await measureFailover(await openLoadOnRedis(await pair.connect(), registerCleanUp), () =>
        failOverToReplica(pair),
      );
    },
  },
  {
    name: "Redis Cluster: `CLUSTER FAILOVER`",
    runs: 3,
    async run(registerCleanUp) {
      const { primary, replica } = await startClusterPair(registerCleanUp);
      const client = createCluster({
        rootNodes: [{ url: primary.server.url }],
        defaults: redisClientSettings(),
      });
      await client.connect();
      registerCleanUp(async () => client.destroy());
      return await measureFailover(
        await openLoadOnRedis(createTransport(client), registerCleanUp),
        async () => {
          await replica.admin.exec(["CLUSTER", "FAILOVER"]);
          await untilRole(replica, "master");
        },
      );
    },
  },
  {
    name: "Redis: the primary is killed, its replica promoted at once",
    runs: 10,
    async run(registerCleanUp) {
      const pair = await startRedisPair({}, registerCleanUp);
      return await measureFailover(await openLoadOnRedis(await pair.connect(), registerCleanUp), async () => {
        pair.primary.server.signal("SIGKILL");
        await pair.replica.admin.exec(["REPLICAOF", "NO", "ONE"]);
        pair.hostNameProxy.pointTo(pair.replica.server.url);
      });
    },
  },
  {
    name: "Redis: the primary is killed half a second after its replica has lost the connection",
    runs: 3,
    async run(registerCleanUp) {
      const pair = await startRedisPair({}, registerCleanUp);
      const load = await openLoadOnRedis(await pair.connect(), registerCleanUp);
      return await measureFailover(load, async () => {
        await untilReplicated(pair.primary);
        await pair.replica.admin.exec(["REPLICAOF", "NO", "ONE"]);
        await load.untilHealthy(HEALTHY_REQUEST_COUNT);
        pair.primary.server.signal("SIGKILL");
        pair.hostNameProxy.pointTo(pair.replica.server.url);
      });
    },
  },
  {
    name: "Redis Sentinel: `SENTINEL FAILOVER`",
    runs: 3,
    async run(registerCleanUp) {
      const primary = await startRedisNode({ "repl-diskless-sync-delay": "0" }, registerCleanUp);
      const replica = await startRedisNode(
        { replicaof: `127.0.0.1 ${primary.server.port}` },
        registerCleanUp,
      );
      await untilRole(replica, "connected");
      await untilReplicated(primary);
      const server = await startSentinel(primary.server.port);
      const admin = await connectRedis(server.url, { onNotice: () => {} });
      registerCleanUp(async () => {
        await admin.close();
        await server.stop();
      });
      const client = createSentinel({
        name: "coats",
        sentinelRootNodes: [{ host: "127.0.0.1", port: server.port }],
        nodeClientOptions: redisClientSettings(),
      });
      await client.connect();
      registerCleanUp(async () => void (await client.destroy()));
      while (((await admin.exec(["SENTINEL", "REPLICAS", "coats"])) as unknown[]).length === 0);
      return await measureFailover(
        await openLoadOnRedis(createTransport(client), registerCleanUp),
        async () => {
          await admin.exec(["SENTINEL", "FAILOVER", "coats"]);
          await untilRole(primary, "connected");
        },
      );
    },
  },
  {
    name: "PostgreSQL: the primary crashes, its synchronous standby is promoted, the name moves",
    runs: 3,
    async run(registerCleanUp) {
      const primary = await startPostgres();
      registerCleanUp(() => primary.stop());
      const standby = await startStandby(primary.url);
      registerCleanUp(() => standby.stop());
      await query(primary.url, "alter system set synchronous_standby_names = '*'");
      await query(primary.url, "select pg_reload_conf()");
      const synchronous = "select from pg_stat_replication where sync_state = 'sync'";
      while ((await query(primary.url, synchronous)).length === 0);
      const name = await proxyTo(primary.url);
      registerCleanUp(() => name.close());
      const store = await postgresStore({
        connectionString: name.url,
        deadline: COMMAND_DEADLINE,
        onNotice: () => {},
      });
      const load = await openLoad(store);
      registerCleanUp(() => load.close());
      return await measureFailover(load, async () => {
        await primary.stop();
        name.cut();
        await query(standby.url, "select pg_promote()");
        name.pointTo(standby.url);
        name.acceptAgain();
      });
    },
  },
];

function createTransport(client: NodeRedis): RedisTransport {
  return nodeRedisTransport(client, { deadline: COMMAND_DEADLINE, onNotice: () => {} });
}

async function openLoadOnRedis(transport: RedisTransport, registerCleanUp: RegisterCleanUp): Promise<Load> {
  const load = await openLoad(redisStore(transport), redisShared(transport, { prefix: "shared:" }));
  registerCleanUp(() => load.close());
  return load;
}

async function measureFailover(load: Load, failover: () => Promise<void>): Promise<LoadReport> {
  load.start();
  await load.untilHealthy(HEALTHY_REQUEST_COUNT);
  await failover();
  await load.untilHealthy(HEALTHY_REQUEST_COUNT);
  return await load.stop();
}
