import { onTestFinished } from "vitest";
import { connectRedis, type RedisTransport, type ServerNotice } from "../../src/store/redis/store.ts";
import { findFreePort } from "../servers/machine.ts";
import { proxyTo, type Proxy as TcpProxy } from "../servers/proxy.ts";
import { type OwnRedis, startOwnRedis } from "../store/redis/fixtures.ts";
import { untilResolved } from "../store/redis/store-fixtures.ts";

/** Deadline of a command in milliseconds. It is long, because many tests share two cores. */
export const COMMAND_DEADLINE = 2000;

/** Registers a function that closes a server or connection at the end of the test or run. */
export type RegisterCleanUp = (cleanUp: () => Promise<void>) => void;

type RedisSettings = Readonly<Record<string, string>>;

/** A Redis server, with an administrator's connection that bypasses the host name. */
export interface RedisNode {
  readonly server: OwnRedis;
  readonly admin: RedisTransport;
}

/** A primary, its replica, and a host name that points to one of them. */
export interface RedisPair {
  readonly primary: RedisNode;
  readonly replica: RedisNode;
  readonly hostNameProxy: TcpProxy;
  /** The notices that the application's transports have reported. */
  readonly notices: ServerNotice[];
  /** Connects to the host name, as an application does. */
  connect(): Promise<RedisTransport>;
}

/** Starts a Redis server. `settings` are names and values of `redis.conf`. */
export async function startRedisNode(
  settings: RedisSettings = {},
  registerCleanUp: RegisterCleanUp = onTestFinished,
): Promise<RedisNode> {
  const server = await startOwnRedis(settings);
  const admin = await connectRedis(server.url, { deadline: COMMAND_DEADLINE, onNotice: () => {} });
  registerCleanUp(async () => {
    await admin.close();
    await server.stop();
  });
  return { server, admin };
}

/** Starts a primary, a replica of it, and a host name that points to the primary. */
export async function startRedisPair(
  settings: RedisSettings = {},
  registerCleanUp: RegisterCleanUp = onTestFinished,
): Promise<RedisPair> {
  const primary = await startRedisNode({ "repl-diskless-sync-delay": "0", ...settings }, registerCleanUp);
  const replicaSettings = { ...settings, replicaof: `127.0.0.1 ${primary.server.port}` };
  const replica = await startRedisNode(replicaSettings, registerCleanUp);
  await untilRole(replica, "connected");
  await untilReplicated(primary);
  const name = await proxyTo(primary.server.url);
  registerCleanUp(() => name.close());
  const notices: ServerNotice[] = [];
  return {
    primary,
    replica,
    hostNameProxy: name,
    notices,
    async connect() {
      const transport = await connectRedis(name.url, {
        deadline: COMMAND_DEADLINE,
        onNotice: (notice) => notices.push(notice),
      });
      registerCleanUp(() => transport.close());
      return transport;
    },
  };
}

/** Waits until a node is a primary (`master`), or a replica in the state `connected`. */
export async function untilRole(node: RedisNode, role: "master" | "connected"): Promise<void> {
  for (;;) {
    const reply = (await node.admin.exec(["ROLE"]).catch(() => [])) as unknown[];
    if (reply[0] === role || reply[3] === role) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * Waits until the replica has all writes of the primary. `WAIT` only waits for the writes of its own connection, so
 * this function writes first. After its first synchronization, a replica receives no writes for up to a second.
 */
export async function untilReplicated({ admin }: RedisNode): Promise<void> {
  await admin.exec(["SET", "replicated", "1"]);
  while ((await admin.exec(["WAIT", "1", "1000"])) !== 1);
}

/** Makes the replica the primary without losing a write (`FAILOVER`), then points the host name to the new primary. */
export async function failOverToReplica({ primary, replica, hostNameProxy: name }: RedisPair): Promise<void> {
  await primary.admin.exec(["FAILOVER", "TO", "127.0.0.1", String(replica.server.port)]);
  await untilRole(replica, "master");
  name.pointTo(replica.server.url);
}

/** Starts a cluster of one primary, which has all slots, and its replica. */
export async function startClusterPair(
  registerCleanUp: RegisterCleanUp = onTestFinished,
): Promise<{ readonly primary: RedisNode; readonly replica: RedisNode }> {
  const start = async () => {
    const ports = { "cluster-enabled": "yes", "cluster-port": String(await findFreePort()) };
    return await startRedisNode({ ...ports, "repl-diskless-sync-delay": "0" }, registerCleanUp);
  };
  const [primary, replica] = await Promise.all([start(), start()]);
  await primary.admin.exec(["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
  const settings = (await replica.admin.exec(["CONFIG", "GET", "cluster-port"])) as Record<string, string>;
  const address = ["127.0.0.1", String(replica.server.port), settings["cluster-port"] ?? ""];
  await primary.admin.exec(["CLUSTER", "MEET", ...address]);
  const id = String(await primary.admin.exec(["CLUSTER", "MYID"]));
  // Retry, because the replica refuses to follow a primary that it does not know yet. A failover would fail until the
  // two nodes agree on which of them has the slots.
  await untilResolved(() => replica.admin.exec(["CLUSTER", "REPLICATE", id]));
  await untilRole(replica, "connected");
  for (const { admin } of [primary, replica]) {
    while (!String(await admin.exec(["CLUSTER", "INFO"])).includes("cluster_state:ok"));
  }
  return { primary, replica };
}
