import { createCluster } from "redis";
import { expect, it, onTestFinished } from "vitest";
import { describeWithProgram } from "../../../../scripts/test-programs/describe.ts";
import { redisShared } from "../../src/cache/index.ts";
import { SessionManager } from "../../src/session/manager.ts";
import {
  connectRedis,
  nodeRedisTransport,
  redisClientSettings,
  redisStore,
  type ServerNotice,
} from "../../src/store/redis/store.ts";
import { fakeClock, makeRecord } from "../../src/testing/index.ts";
import { findFreePort } from "../servers/machine.ts";
import { CREATE_OPTIONS, untilResolved } from "../store/redis/store-fixtures.ts";
import { type Load, openLoad } from "./load.ts";
import {
  COMMAND_DEADLINE,
  failOverToReplica,
  type RedisPair,
  startClusterPair,
  startRedisNode,
  startRedisPair,
  untilReplicated,
  untilRole,
} from "./redis-pair.ts";

/** Starts a load, and waits until the sessions of its users have been replicated to the second server. */
async function startLoad({ connect, primary }: RedisPair): Promise<Load> {
  const transport = await connect();
  const load = await openLoad(redisStore(transport), redisShared(transport, { prefix: "shared:" }));
  onTestFinished(() => load.close());
  await untilReplicated(primary);
  load.start();
  await load.untilHealthy();
  return load;
}

/** The timeout is long, because the machine may be busy with other tests. */
const POLL_OPTIONS = { timeout: 10_000 };

const NOTHING_LOST = { loggedOut: 0, lostWrites: 0, lostLogouts: 0 };

/** Repeats a call until a notice with `message` is reported. */
async function expectNotice(
  call: () => Promise<unknown>,
  { notices }: RedisPair,
  message: RegExp,
): Promise<void> {
  await expect
    .poll(async () => {
      await call().catch(() => {});
      return notices.at(-1)?.message;
    }, POLL_OPTIONS)
    .toMatch(message);
}

describeWithProgram("an application whose Redis moves to another server", "redis", () => {
  it("loses nothing in a planned failover, and stores sessions again within 5 s", async () => {
    const pair = await startRedisPair();
    const load = await startLoad(pair);
    await failOverToReplica(pair);
    await expect
      .poll(() => pair.notices.map(({ kind }) => kind), POLL_OPTIONS)
      .toEqual(["unavailable", "recovered"]);
    const report = await load.stop();
    expect(report).toMatchObject(NOTHING_LOST);
    expect(report.unavailable).toBeGreaterThan(0);
    expect(report.outageDuration).toBeLessThan(5000);
    expect(pair.notices[0]?.message).toBe(
      "Redis is a read-only replica; connect to the primary. Reconnecting.",
    );
  });

  it("keeps every session after a crash of the primary, and stores sessions again within 5 s", async () => {
    const pair = await startRedisPair();
    const load = await startLoad(pair);
    await untilReplicated(pair.primary);
    await pair.replica.admin.exec(["REPLICAOF", "NO", "ONE"]);
    // Only the primary has these writes, so its crash loses them.
    await load.untilHealthy();
    pair.primary.server.signal("SIGKILL");
    pair.hostNameProxy.pointTo(pair.replica.server.url);
    await load.untilHealthy();
    const report = await load.stop();
    expect(report.lostWrites).toBeGreaterThan(0);
    expect(report.loggedOut).toBe(0);
    expect(report.outageDuration).toBeLessThan(5000);
    expect(pair.notices[0]?.message).toBe("Redis did not respond; try again shortly.");
  });

  it("keeps every session while the host name is moved between primary and replica twice a second", async () => {
    const pair = await startRedisPair();
    const { primary, replica, hostNameProxy: name, notices } = pair;
    const load = await startLoad(pair);
    const targets = [replica, primary, replica, primary, replica, primary];
    for (const { server } of targets) {
      name.cut();
      name.pointTo(server.url);
      name.acceptAgain();
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    await load.untilHealthy();
    expect(await load.stop()).toMatchObject(NOTHING_LOST);
    // All moves of the host name together caused one notice for each reason and one for the recovery.
    const messages = notices.map(({ message }) => message);
    expect(messages).toEqual([...new Set(messages)]);
  });

  it("loses nothing in a planned failover of a cluster (MOVED)", async () => {
    const { primary, replica } = await startClusterPair();
    const cluster = createCluster({
      rootNodes: [{ url: primary.server.url }],
      defaults: redisClientSettings(),
    });
    await cluster.connect();
    onTestFinished(() => cluster.destroy());
    const transport = nodeRedisTransport(cluster, { deadline: COMMAND_DEADLINE });
    const load = await openLoad(redisStore(transport), redisShared(transport, { prefix: "shared:" }));
    onTestFinished(() => load.close());
    load.start();
    await load.untilHealthy();
    await untilResolved(() => replica.admin.exec(["CLUSTER", "FAILOVER"]));
    await untilRole(replica, "master");
    await untilRole(primary, "connected");
    await load.untilHealthy();
    const report = await load.stop();
    expect(report).toMatchObject(NOTHING_LOST);
    expect(report.outageDuration).toBeLessThan(5000);
  });

  it("delivers hints after a failover, although the old server still accepts subscriptions", async () => {
    const pair = await startRedisPair();
    const transport = await pair.connect();
    const received = Promise.withResolvers<void>();
    await transport.subscribe("{hints}", () => received.resolve());
    await failOverToReplica(pair);
    // A replica forwards the messages of its primary. To prevent that, the old server becomes the replica of an address
    // without a server.
    await pair.primary.admin.exec(["REPLICAOF", "127.0.0.1", "1"]);
    await untilResolved(() => transport.exec(["SET", "a", "1"]));
    const publishing = setInterval(() => void transport.publish("{hints}", "x").catch(() => {}), 20);
    await received.promise;
    clearInterval(publishing);
  });
});

describeWithProgram("a store whose Redis is the wrong server", "redis", () => {
  it("connects again through the host name when its server is a replica that has lost its primary (MASTERDOWN)", async () => {
    const pair = await startRedisPair();
    const store = redisStore(await pair.connect());
    const record = makeRecord();
    await store.put(record, CREATE_OPTIONS);
    await untilReplicated(pair.primary);
    await pair.replica.admin.exec(["CONFIG", "SET", "replica-serve-stale-data", "no"]);
    await pair.replica.admin.exec(["REPLICAOF", "127.0.0.1", "1"]);
    pair.hostNameProxy.cut();
    pair.hostNameProxy.pointTo(pair.replica.server.url);
    pair.hostNameProxy.acceptAgain();
    await expectNotice(() => store.get(record.id), pair, /^The Redis replica has lost its primary/);
    pair.hostNameProxy.pointTo(pair.primary.server.url);
    expect((await untilResolved(() => store.get(record.id)))?.record).toEqual(record);
  });

  it("connects to another server when the current server is busy loading its data (LOADING)", async () => {
    const pair = await startRedisPair({ "enable-debug-command": "yes" });
    const { primary, replica } = pair;
    const store = redisStore(await pair.connect());
    await store.put(makeRecord(), CREATE_OPTIONS);
    await untilReplicated(primary);
    await replica.admin.exec(["REPLICAOF", "NO", "ONE"]);
    await primary.admin.exec(["DEBUG", "POPULATE", "20000"]);
    // Loading 20,000 keys takes ten seconds, and Redis responds to other clients after every 1,024 bytes.
    await primary.admin.exec([
      "CONFIG",
      "SET",
      "key-load-delay",
      "500",
      "loading-process-events-interval-bytes",
      "1024",
    ]);
    primary.admin.exec(["DEBUG", "RELOAD"]).catch(() => {});
    await expectNotice(() => store.stats(0), pair, /^Redis is still loading its data/);
    pair.hostNameProxy.pointTo(replica.server.url);
    expect(await untilResolved(() => store.stats(0))).toMatchObject({ total: 1 });
    primary.server.signal("SIGKILL");
  });

  it("stores sessions again as soon as a primary that refused writes for a minute accepts them", async () => {
    const pair = await startRedisPair();
    const transport = await pair.connect();
    const clock = fakeClock();
    const store = redisStore(transport, { clock });
    const manager = new SessionManager({ store, secrets: ["a secret for these tests"], clock });
    const { token } = await manager.create({ subject: "ada" });
    await pair.primary.admin.exec(["CONFIG", "SET", "min-replicas-to-write", "5"]);
    for (let second = 0; second < 60; second += 10) {
      await expect(async () => await manager.resume(token)).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
      });
      clock.pass(10_000);
    }
    expect(pair.notices[0]?.message).toMatch(/^Redis has too few replicas to accept writes/);
    await pair.primary.admin.exec(["CONFIG", "SET", "min-replicas-to-write", "0"]);
    expect(await untilResolved(async () => await manager.resume(token))).toMatchObject({ subject: "ada" });
    await manager.close();
  });

  it("reports that the cluster is down, and stores sessions again when the cluster is up", async () => {
    const node = await startRedisNode({
      "cluster-enabled": "yes",
      "cluster-port": String(await findFreePort()),
    });
    const notices: ServerNotice[] = [];
    const transport = await connectRedis(node.server.url, { onNotice: (notice) => notices.push(notice) });
    onTestFinished(() => transport.close());
    const store = redisStore(transport);
    await expect(store.stats(0)).rejects.toMatchObject({ message: "The Redis cluster is down." });
    await node.admin.exec(["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    expect(await untilResolved(() => store.stats(0))).toMatchObject({ total: 0 });
    await expect
      .poll(async () => {
        await store.stats(0);
        return notices.map(({ kind }) => kind);
      }, POLL_OPTIONS)
      .toEqual(["unavailable", "recovered"]);
  });
});
