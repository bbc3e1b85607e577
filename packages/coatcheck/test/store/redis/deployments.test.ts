import { createCluster, createSentinel } from "redis";
import { expect, it, onTestFinished } from "vitest";
import { describeWithProgram } from "../../../../../scripts/test-programs/describe.ts";
import {
  connectRedis,
  nodeRedisTransport,
  type RedisTransport,
  redisClientSettings,
  redisStore,
} from "../../../src/store/redis/store.ts";
import { makeRecord } from "../../../src/testing/records.ts";
import { findFreePort } from "../../servers/machine.ts";
import { type OwnRedis, startOwnRedis, startSentinel } from "./fixtures.ts";

const DEADLINE = 5000;

/**
 * Repeats a request until `isAccepted` accepts its result. If that takes too long, the test's timeout ends the wait.
 */
async function repeatUntil<T>(request: () => Promise<T>, isAccepted: (result: T) => boolean): Promise<void> {
  while (!isAccepted(await request())) await new Promise((resolve) => setImmediate(resolve));
}

async function connectTo(server: OwnRedis): Promise<RedisTransport> {
  const redis = await connectRedis(server.url, { deadline: DEADLINE });
  onTestFinished(async () => {
    await redis.close();
    await server.stop();
  });
  return redis;
}

/** Starts two primaries, each with half of the slots. */
async function startCluster(): Promise<{ servers: OwnRedis[]; nodes: RedisTransport[] }> {
  const servers = await Promise.all(
    [0, 1].map(async () =>
      startOwnRedis({ "cluster-enabled": "yes", "cluster-port": String(await findFreePort()) }),
    ),
  );
  const nodes = await Promise.all(servers.map(connectTo));
  const [first, second] = nodes;
  const [, other] = servers;
  if (!first || !second || !other) throw new Error("The test cluster needs two nodes.");
  await first.exec(["CLUSTER", "ADDSLOTSRANGE", "0", "8191"]);
  await second.exec(["CLUSTER", "ADDSLOTSRANGE", "8192", "16383"]);
  const busPort = ((await second.exec(["CONFIG", "GET", "cluster-port"])) as Record<string, string>)[
    "cluster-port"
  ];
  await first.exec(["CLUSTER", "MEET", "127.0.0.1", String(other.port), String(busPort)]);
  for (const node of nodes) {
    await repeatUntil(
      () => node.exec(["CLUSTER", "INFO"]),
      (info) => String(info).includes("cluster_state:ok"),
    );
  }
  return { servers, nodes };
}

/** Calls every method of a store, then publishes and receives a hint. */
async function checkStoreAndHints(transport: RedisTransport): Promise<void> {
  const store = redisStore(transport);
  const record = makeRecord({ subject: "ada", tenant: "acme" });
  const { cursor } = await store.changes(null);
  const sessionLimit = { max: 1, now: record.createdAt };
  expect(await store.put(record, { expectedVersion: 0, change: "data", sessionLimit })).toBe("stored");
  expect((await store.get(record.id))?.record).toEqual(record);
  await store.touch([{ id: record.id, lastSeenAt: record.lastSeenAt + 1 }]);
  expect((await store.list({ subject: "ada" }, { limit: 1 })).records).toHaveLength(1);
  expect(await store.revoke({ tenant: "acme" }, "admin")).toBe(1);
  expect((await store.changes(cursor)).items).toHaveLength(1);
  expect(await store.stats(record.createdAt)).toMatchObject({ total: 1, active: 0 });
  expect(await store.sweep(Date.now() + 1000, 10)).toBe(1);

  const received = Promise.withResolvers<string>();
  const stop = await transport.subscribe("{hints}", received.resolve);
  await transport.publish("{hints}", "gone");
  expect(await received.promise).toBe("gone");
  await stop();
}

describeWithProgram("redisStore deployments", "redis", () => {
  it("the store keeps its guarantees on a cluster, with all keys on one node", async () => {
    const { servers, nodes } = await startCluster();
    const cluster = createCluster({
      rootNodes: servers.map(({ url }) => ({ url })),
      defaults: redisClientSettings(),
    });
    await cluster.connect();
    await checkStoreAndHints(nodeRedisTransport(cluster, { deadline: DEADLINE }));
    const sizes = await Promise.all(nodes.map((node) => node.exec(["DBSIZE"])));
    expect(sizes.filter((size) => size === 0)).toHaveLength(1);
    cluster.destroy();

    const [withKeys, withoutKeys] = sizes[0] === 0 ? [nodes[1], nodes[0]] : [nodes[0], nodes[1]];
    await expect(redisStore(withoutKeys as RedisTransport).stats(0)).rejects.toMatchObject({
      message:
        "This Redis is a node of a cluster and does not hold the sessions; connect with createCluster.",
    });
    expect(await redisStore(withKeys as RedisTransport).stats(0)).toMatchObject({ total: 0 });
  });

  it("the store keeps its guarantees if a Sentinel monitors its server", async () => {
    const primary = await startOwnRedis();
    await connectTo(primary);
    const sentinelServer = await startSentinel(primary.port);
    await connectTo(sentinelServer);
    const sentinel = createSentinel({
      name: "coats",
      sentinelRootNodes: [{ host: "127.0.0.1", port: sentinelServer.port }],
      nodeClientOptions: redisClientSettings(),
    });
    await sentinel.connect();
    await checkStoreAndHints(nodeRedisTransport(sentinel, { deadline: DEADLINE }));
    await sentinel.destroy();
  });
});
