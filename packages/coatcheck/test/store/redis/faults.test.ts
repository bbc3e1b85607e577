import { createClient } from "redis";
import { expect, it, onTestFinished } from "vitest";
import { describeWithProgram } from "../../../../../scripts/test-programs/describe.ts";
import {
  connectRedis,
  nodeRedisTransport,
  redisClientSettings,
  redisStore,
} from "../../../src/store/redis/store.ts";
import { fakeClock, makeRecord } from "../../../src/testing/index.ts";
import { startOwnRedis } from "./fixtures.ts";
import {
  CREATE_OPTIONS,
  callEveryMethod,
  expectUnavailable,
  startFixture,
  untilResolved,
} from "./store-fixtures.ts";

describeWithProgram("redisStore during failures", "redis", () => {
  it("calls reject at the deadline while the server hangs, and succeed afterwards", async () => {
    const { server, store } = await startFixture({}, 300);
    const record = makeRecord();
    await untilResolved(() => store.put(record, CREATE_OPTIONS));
    server.signal("SIGSTOP");
    const failed = await store.get(record.id).catch((error: unknown) => error);
    expect(failed).toMatchObject({ cause: { message: "Redis did not respond to EVALSHA within 300 ms." } });
    await expectUnavailable(callEveryMethod(store));
    server.signal("SIGCONT");
    expect((await untilResolved(() => store.get(record.id)))?.record).toEqual(record);
  });

  it("every call rejects after the server has died", async () => {
    const { server, store } = await startFixture();
    await store.stats(0);
    await server.stop();
    await expectUnavailable(callEveryMethod(store));
  });

  it("every call rejects on a read-only replica, even reads", async () => {
    const { redis, store } = await startFixture();
    const record = makeRecord();
    await store.put(record, CREATE_OPTIONS);
    await redis.exec(["REPLICAOF", "127.0.0.1", "1"]);
    await expectUnavailable(callEveryMethod(store), "Redis is a read-only replica; connect to the primary.");
    await untilResolved(() => redis.exec(["REPLICAOF", "NO", "ONE"]));
    expect((await store.get(record.id))?.record).toEqual(record);
  });

  it("put() rejects if the server's memory is full, but reads and revocations still succeed", async () => {
    const { redis, store } = await startFixture();
    const record = makeRecord();
    await store.put(record, CREATE_OPTIONS);
    await redis.exec(["CONFIG", "SET", "maxmemory", "1"]);
    await expectUnavailable(
      [store.put(makeRecord(), CREATE_OPTIONS)],
      "Redis is out of memory (maxmemory) and rejects writes.",
    );
    expect((await store.get(record.id))?.record).toEqual(record);
    const { cursor } = await store.changes(null);
    expect(await store.revoke({ session: record.id }, "logout")).toBe(1);
    expect((await store.changes(cursor)).items).toHaveLength(1);
  });

  it("connectRedis() reports a wrong password immediately, and the error does not contain the password", async () => {
    const server = await startOwnRedis();
    onTestFinished(() => server.stop());
    const admin = await connectRedis(server.url);
    await admin.exec(["CONFIG", "SET", "requirepass", "right"]);
    await admin.close();
    const url = server.url.replace("//", "//:hush-hush@");
    // `Infinity` allows retries without limit. connectRedis() must reject immediately anyway, because no retry can
    // succeed.
    const failed = await connectRedis(url, { connectTimeout: Infinity }).catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: "Redis rejected the user name or password.",
    });
    expect(JSON.stringify(failed) + String((failed as Error).cause)).not.toContain("hush-hush");
    await expectUnavailable(
      [connectRedis(server.url, { connectTimeout: Infinity })],
      "Redis requires a password; add it to the URL.",
    );
  });

  it("connectRedis() rejects malformed URLs and servers that do not exist", async () => {
    for (const url of ["", "localhost:6379", "http://:hush@localhost", "redis://localhost/first", "unix:"]) {
      await expect(connectRedis(url)).rejects.toMatchObject({ code: "VALIDATION_FAILED" });
    }
    await expectUnavailable([connectRedis("redis://127.0.0.1:1", { connectTimeout: 50 })]);
  });

  it("redisStore() rejects a prefix that would break the hash tag", () => {
    const redis = nodeRedisTransport(createClient());
    for (const prefix of ["", "a{b}", "}"]) {
      expect(() => redisStore(redis, { prefix })).toThrow(
        expect.objectContaining({ code: "VALIDATION_FAILED" }),
      );
    }
  });

  it("changes() invalidates all copies after the server has lost its data", async () => {
    const { redis, store } = await startFixture();
    await store.put(makeRecord(), CREATE_OPTIONS);
    const { cursor } = await store.changes(null);
    await redis.exec(["FLUSHALL"]);
    const { items, cursor: next } = await store.changes(cursor);
    expect(items).toEqual([{ position: expect.any(Number), scope: { everyone: true } }]);
    expect(items[0]?.position).toBeGreaterThanOrEqual(cursor);
    expect(next).toBeGreaterThan(cursor);
    expect((await store.changes(next)).items).toEqual([]);
  });

  it("changes() invalidates all copies of every poller after the server has been restored with older data", async () => {
    const { redis, store } = await startFixture();
    const early = (await store.changes(null)).cursor;
    const backup = (await redis.exec(["HGET", "{coatcheck}:head", "position"])) as string;
    const record = makeRecord();
    await store.put(record, CREATE_OPTIONS);
    await store.revoke({ session: record.id }, "logout");
    const late = (await store.changes(early)).cursor;
    // Simulate a restored backup or a promoted replica. It has neither the log item nor the position of that item.
    await redis.exec(["DEL", "{coatcheck}:log"]);
    await redis.exec(["HSET", "{coatcheck}:head", "position", backup]);
    const everyone = { position: expect.any(Number), scope: { everyone: true } };
    const page = await store.changes(late);
    expect(page.items).toEqual([everyone]);
    expect(page.items[0]?.position).toBeGreaterThanOrEqual(late);
    expect((await store.changes(early)).items).toEqual([everyone]);
  });

  it("changes() reads the whole log, even if the store needs several calls for it", async () => {
    const { store } = await startFixture();
    const { cursor } = await store.changes(null);
    const records = Array.from({ length: 1201 }, () => makeRecord());
    await Promise.all(
      records.map((record) => store.put(record, { expectedVersion: 0, change: "privilege" })),
    );
    const { items } = await store.changes(cursor);
    expect(items.map((item) => "session" in item && item.session).sort()).toEqual(
      records.map(({ id }) => id).sort(),
    );
  });

  it("get() sends one command", async () => {
    const { redis } = await startFixture();
    // The store checks the server once a second, as measured by this clock.
    const store = redisStore(redis, { clock: fakeClock() });
    const record = makeRecord();
    await store.put(record, CREATE_OPTIONS);
    await store.get(record.id);
    const commands = async () => {
      const stats = (await redis.exec(["INFO", "commandstats"])) as string;
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1]);
    };
    const before = await commands();
    for (let round = 0; round < 10; round++) await store.get(record.id);
    expect(await commands()).toBe(before + 10);
  });

  it("calls succeed after the server has forgotten the store's scripts", async () => {
    const { redis, store } = await startFixture();
    const record = makeRecord();
    await store.put(record, CREATE_OPTIONS);
    await redis.exec(["SCRIPT", "FLUSH"]);
    expect((await store.get(record.id))?.record).toEqual(record);
  });

  it("calls succeed if the Redis user has only the documented permissions", async () => {
    const { server, redis } = await startFixture();
    const rights = "+@read +@write +@scripting +@connection +time +info";
    await redis.exec(["ACL", "SETUSER", "coats", "on", ">hush", "~{coatcheck}:*", ...rights.split(" ")]);
    const limited = await connectRedis(server.url.replace("//", "//coats:hush@"));
    const store = redisStore(limited);
    const record = makeRecord({ subject: "ada", tenant: "acme" });
    const sessionLimit = { max: 1, now: record.createdAt };
    expect(await store.put(record, { expectedVersion: 0, change: "privilege", sessionLimit })).toBe("stored");
    await store.touch([{ id: record.id, lastSeenAt: record.lastSeenAt + 1 }]);
    expect(await store.revoke({ everyone: true }, "admin")).toBe(1);
    expect((await store.list({}, { limit: 1 })).records).toHaveLength(1);
    expect(await store.sweep(Date.now() + 1000, 1)).toBe(1);
    await expectUnavailable(
      [limited.exec(["GET", "another"])],
      "The Redis user lacks a permission; the documentation of redisStore lists the required ones.",
    );
    await limited.close();
  });

  it("subscribe() receives messages again after its connection was cut", async () => {
    const { redis } = await startFixture();
    const messages = new Set<string>();
    await redis.subscribe("{hints}", (message) => messages.add(message));
    expect(await redis.exec(["CLIENT", "KILL", "TYPE", "pubsub"])).toBe(1);
    for (let round = 0; messages.size === 0; round++) await redis.publish("{hints}", String(round));
  });

  it("publish() uses PUBLISH if the server does not know SPUBLISH", async () => {
    const { redis } = await startFixture({ "rename-command": 'SPUBLISH ""\nrename-command SSUBSCRIBE ""' });
    const received = Promise.withResolvers<string>();
    const stop = await redis.subscribe("{hints}", received.resolve);
    await redis.publish("{hints}", "gone");
    expect(await received.promise).toBe("gone");
    await stop();
  });

  it("the store returns the same results over RESP2 and RESP3", async () => {
    const { server, store } = await startFixture();
    const record = makeRecord({ subject: "ada" });
    await store.put(record, CREATE_OPTIONS);
    for (const RESP of [2, 3] as const) {
      const client = createClient({ url: server.url, RESP, ...redisClientSettings() });
      await client.connect();
      const other = redisStore(nodeRedisTransport(client));
      expect((await other.get(record.id))?.record).toEqual(record);
      expect(await other.get(makeRecord().id)).toBeNull();
      expect((await other.list({ subject: "ada" }, { limit: 1 })).records).toEqual([record]);
      expect(await other.stats(record.createdAt)).toMatchObject({ total: 1, active: 1, authenticated: 1 });
      const received = Promise.withResolvers<string>();
      const transport = nodeRedisTransport(client);
      const stop = await transport.subscribe("{hints}", received.resolve);
      await transport.publish("{hints}", "gone");
      expect(await received.promise).toBe("gone");
      await stop();
      await transport.close();
      client.destroy();
    }
  });
});
