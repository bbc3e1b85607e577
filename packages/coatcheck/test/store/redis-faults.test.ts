import { createClient } from "redis";
import { expect, it, onTestFinished } from "vitest";
import { describeWithProgram } from "../../../../scripts/test-programs/describe.ts";
import type { SessionStore } from "../../src/session/store.ts";
import {
  connectRedis,
  nodeRedisTransport,
  type RedisTransport,
  redisClientSettings,
  redisStore,
} from "../../src/store/redis.ts";
import { makeRecord } from "../../src/testing/records.ts";
import { type OwnRedis, startOwnRedis } from "./redis-servers.ts";

const CREATE = { expectedVersion: 0, change: "data" } as const;

interface Trial {
  readonly server: OwnRedis;
  readonly redis: RedisTransport;
  readonly store: SessionStore;
}

/** The deadline is generous, because many tests share two cores, where it is not itself on trial. */
async function trial(settings: Readonly<Record<string, string>> = {}, deadline = 5000): Promise<Trial> {
  const server = await startOwnRedis(settings);
  const redis = await connectRedis(server.url, { deadline });
  onTestFinished(async () => {
    await redis.close();
    await server.stop();
  });
  return { server, redis, store: redisStore(redis) };
}

/** Every call of the store, none of which may hang or say anything but `STORE_UNAVAILABLE`. */
function everyCall(store: SessionStore): Promise<unknown>[] {
  const record = makeRecord();
  return [
    store.get(record.id),
    store.put(record, CREATE),
    store.touch([{ id: record.id, lastSeenAt: 1 }]),
    store.revoke({ session: record.id }, "logout"),
    store.list({}, { limit: 1 }),
    store.stats(0),
    store.changes(null),
    store.sweep(0, 1),
  ];
}

async function expectUnavailable(calls: readonly Promise<unknown>[], message?: string): Promise<void> {
  for (const outcome of await Promise.allSettled(calls)) {
    expect(outcome.status).toBe("rejected");
    const reason: unknown = outcome.status === "rejected" ? outcome.reason : undefined;
    expect(reason).toMatchObject({ code: "STORE_UNAVAILABLE", ...(message ? { message } : {}) });
  }
}

/** Asks again until it works; the test's own time limit ends a wait that is in vain. */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

describeWithProgram("redis", "redis on bad days", () => {
  it("fails at the deadline when the server hangs, at once while it is gone, and comes back", async () => {
    const { server, store } = await trial({}, 300);
    const record = makeRecord();
    await untilAnswered(() => store.put(record, CREATE));
    server.signal("SIGSTOP");
    const failed = await store.get(record.id).catch((error: unknown) => error);
    expect(failed).toMatchObject({ cause: { message: "Redis did not answer EVALSHA within 300 ms." } });
    await expectUnavailable(everyCall(store));
    server.signal("SIGCONT");
    expect((await untilAnswered(() => store.get(record.id)))?.record).toEqual(record);
  });

  it("fails when the server has died", async () => {
    const { server, store } = await trial();
    await store.stats(0);
    await server.stop();
    await expectUnavailable(everyCall(store));
  });

  it("never answers from a read-only replica, not even reads", async () => {
    const { redis, store } = await trial();
    const record = makeRecord();
    await store.put(record, CREATE);
    await redis.exec(["REPLICAOF", "127.0.0.1", "1"]);
    await expectUnavailable(everyCall(store), "Redis is a read-only replica; connect to the primary.");
    await redis.exec(["REPLICAOF", "NO", "ONE"]);
    expect((await store.get(record.id))?.record).toEqual(record);
  });

  it("refuses new sessions when memory is full, and goes on reading and revoking", async () => {
    const { redis, store } = await trial();
    const record = makeRecord();
    await store.put(record, CREATE);
    await redis.exec(["CONFIG", "SET", "maxmemory", "1"]);
    await expectUnavailable(
      [store.put(makeRecord(), CREATE)],
      "Redis is out of memory (maxmemory); writes are refused.",
    );
    expect((await store.get(record.id))?.record).toEqual(record);
    const { cursor } = await store.changes(null);
    expect(await store.revoke({ session: record.id }, "logout")).toBe(1);
    expect((await store.changes(cursor)).items).toHaveLength(1);
  });

  it("refuses a server that may evict sessions, at the first call and at a sweep", async () => {
    const { redis, store } = await trial({ maxmemory: "100mb", "maxmemory-policy": "allkeys-lru" });
    const message =
      "Redis may evict sessions (maxmemory-policy is allkeys-lru); set noeviction or a volatile policy.";
    await expectUnavailable(everyCall(store), message);
    await redis.exec(["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
    expect(await store.put(makeRecord(), CREATE)).toBe("stored");
    await redis.exec(["CONFIG", "SET", "maxmemory-policy", "allkeys-lfu"]);
    await expectUnavailable([store.sweep(0, 1)]);
  });

  it("says at once that the password is wrong, and repeats none of it", async () => {
    const server = await startOwnRedis();
    onTestFinished(() => server.stop());
    const admin = await connectRedis(server.url);
    await admin.exec(["CONFIG", "SET", "requirepass", "right"]);
    await admin.close();
    const url = server.url.replace("//", "//:hush-hush@");
    // Not after its patience: trying again cannot help.
    const failed = await connectRedis(url, { patience: Infinity }).catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: "Redis refuses the name or password.",
    });
    expect(JSON.stringify(failed) + String((failed as Error).cause)).not.toContain("hush-hush");
    await expectUnavailable([connectRedis(server.url, { patience: Infinity })], "Redis wants a password.");
  });

  it("says which addresses are none, and that nobody is there", async () => {
    for (const url of ["", "localhost:6379", "http://:hush@localhost", "redis://localhost/first", "unix:"]) {
      await expect(connectRedis(url)).rejects.toMatchObject({ code: "VALIDATION_FAILED" });
    }
    await expectUnavailable([connectRedis("redis://127.0.0.1:1", { patience: 50 })]);
  });

  it("refuses a prefix that would scatter the keys", () => {
    const redis = nodeRedisTransport(createClient());
    for (const prefix of ["", "a{b}", "}"]) {
      expect(() => redisStore(redis, { prefix })).toThrow(
        expect.objectContaining({ code: "VALIDATION_FAILED" }),
      );
    }
  });

  it("tells pollers to trust nothing from before the server lost its data", async () => {
    const { redis, store } = await trial();
    await store.put(makeRecord(), CREATE);
    const { cursor } = await store.changes(null);
    await redis.exec(["FLUSHALL"]);
    const { items, cursor: next } = await store.changes(cursor);
    expect(items).toEqual([{ position: expect.any(Number), scope: { everyone: true } }]);
    expect(items[0]?.position).toBeGreaterThanOrEqual(cursor);
    expect(next).toBeGreaterThan(cursor);
    expect((await store.changes(next)).items).toEqual([]);
  });

  it("tells every poller to trust nothing when the server came back with older data", async () => {
    const { redis, store } = await trial();
    const early = (await store.changes(null)).cursor;
    const backup = (await redis.exec(["HGET", "{coatcheck}:head", "position"])) as string;
    const record = makeRecord();
    await store.put(record, CREATE);
    await store.revoke({ session: record.id }, "logout");
    const late = (await store.changes(early)).cursor;
    // As a restored backup or a promoted replica would have it: neither the item nor its position.
    await redis.exec(["DEL", "{coatcheck}:log"]);
    await redis.exec(["HSET", "{coatcheck}:head", "position", backup]);
    const everyone = { position: expect.any(Number), scope: { everyone: true } };
    const answer = await store.changes(late);
    expect(answer.items).toEqual([everyone]);
    expect(answer.items[0]?.position).toBeGreaterThanOrEqual(late);
    expect((await store.changes(early)).items).toEqual([everyone]);
  });

  it("reads a log longer than one slice to its end", async () => {
    const { store } = await trial();
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

  it("reads a session with one command", async () => {
    const { redis, store } = await trial();
    const record = makeRecord();
    await store.put(record, CREATE);
    await store.get(record.id);
    const commands = async () => {
      const stats = (await redis.exec(["INFO", "commandstats"])) as string;
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1]);
    };
    const before = await commands();
    for (let round = 0; round < 10; round++) await store.get(record.id);
    expect(await commands()).toBe(before + 10);
  });

  it("goes on when the server has forgotten the scripts", async () => {
    const { redis, store } = await trial();
    const record = makeRecord();
    await store.put(record, CREATE);
    await redis.exec(["SCRIPT", "FLUSH"]);
    expect((await store.get(record.id))?.record).toEqual(record);
  });

  it("needs no rights but over its own keys", async () => {
    const { server, redis } = await trial();
    const rights = "+@read +@write +@scripting +@connection +time +info";
    await redis.exec(["ACL", "SETUSER", "coats", "on", ">hush", "~{coatcheck}:*", ...rights.split(" ")]);
    const limited = await connectRedis(server.url.replace("//", "//coats:hush@"));
    const store = redisStore(limited);
    const record = makeRecord({ subject: "ada", tenant: "acme" });
    const limit = { most: 1, now: record.createdAt };
    expect(await store.put(record, { expectedVersion: 0, change: "privilege", limit })).toBe("stored");
    await store.touch([{ id: record.id, lastSeenAt: record.lastSeenAt + 1 }]);
    expect(await store.revoke({ everyone: true }, "admin")).toBe(1);
    expect((await store.list({}, { limit: 1 })).records).toHaveLength(1);
    expect(await store.sweep(Date.now() + 1000, 1)).toBe(1);
    await expectUnavailable(
      [limited.exec(["GET", "another"])],
      "The Redis user may not do this; the documentation of redisStore lists the rights.",
    );
    await limited.close();
  });

  it("hears again after its connection for messages was cut", async () => {
    const { redis } = await trial();
    const messages = new Set<string>();
    await redis.subscribe("{hints}", (message) => messages.add(message));
    expect(await redis.exec(["CLIENT", "KILL", "TYPE", "pubsub"])).toBe(1);
    for (let round = 0; messages.size === 0; round++) await redis.publish("{hints}", String(round));
  });

  it("sends plain messages where the server knows no sharded ones", async () => {
    const { redis } = await trial({ "rename-command": 'SPUBLISH ""\nrename-command SSUBSCRIBE ""' });
    const heard = Promise.withResolvers<string>();
    const stop = await redis.subscribe("{hints}", heard.resolve);
    await redis.publish("{hints}", "gone");
    expect(await heard.promise).toBe("gone");
    await stop();
  });

  it("answers alike over RESP2 and RESP3", async () => {
    const { server, store } = await trial();
    const record = makeRecord({ subject: "ada" });
    await store.put(record, CREATE);
    for (const RESP of [2, 3] as const) {
      const client = createClient({ url: server.url, RESP, ...redisClientSettings() });
      await client.connect();
      const other = redisStore(nodeRedisTransport(client));
      expect((await other.get(record.id))?.record).toEqual(record);
      expect(await other.get(makeRecord().id)).toBeNull();
      expect((await other.list({ subject: "ada" }, { limit: 1 })).records).toEqual([record]);
      expect(await other.stats(record.createdAt)).toMatchObject({ total: 1, active: 1, authenticated: 1 });
      const heard = Promise.withResolvers<string>();
      const transport = nodeRedisTransport(client);
      const stop = await transport.subscribe("{hints}", heard.resolve);
      await transport.publish("{hints}", "gone");
      expect(await heard.promise).toBe("gone");
      await stop();
      await transport.close();
      client.destroy();
    }
  });
});
