import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createCache, redisShared } from "../../src/cache/index.ts";
import type { Hint } from "../../src/session/hint.ts";
import { compactId } from "../../src/session/token.ts";
import { connectRedis } from "../../src/store/redis/connect.ts";
import type { RedisTransport } from "../../src/store/redis/transport.ts";
import { createTemporaryPrefix, describeWithServer } from "../servers/fixtures.ts";
import { proxyTo } from "../servers/proxy.ts";
import { Cluster, recordCreatedAt } from "./fixtures.ts";

/** Wraps a transport, and records the names of the commands that it executes. */
function recordCommands(transport: RedisTransport): RedisTransport & { readonly commands: string[] } {
  const commands: string[] = [];
  return {
    ...transport,
    commands,
    exec: (args) => {
      commands.push(args[0] ?? "");
      return transport.exec(args);
    },
  };
}

/** Returns the next hint that a subscriber receives after `act`. */
async function receiveHint(
  transport: RedisTransport,
  prefix: string,
  act: () => Promise<void>,
): Promise<Hint> {
  const shared = redisShared(transport, { prefix });
  const { promise, resolve } = Promise.withResolvers<Hint>();
  await shared.subscribe(resolve);
  await act();
  const hint = await promise;
  await shared.close();
  return hint;
}

await describeWithServer("the shared tier on Redis", "redis", (url) => {
  let transport: RedisTransport;
  let prefix: string;
  const record = recordCreatedAt(Date.now(), { data: { name: "Zoë 🌮", cart: { taco: 2 } } });
  const key = compactId(record.id);
  const at = (version: number, position: number) => ({ record: { ...record, version }, position });

  beforeAll(async () => {
    transport = await connectRedis(url);
  });
  afterAll(() => transport.close());
  beforeEach(() => {
    prefix = createTemporaryPrefix();
  });

  test("get() returns a stored copy unchanged, in one command", async () => {
    const counted = recordCommands(transport);
    const shared = redisShared(counted, { prefix });
    expect(await shared.get(key)).toBeNull();
    expect(await shared.fill(key, { record, position: 7 })).toBe(true);
    counted.commands.length = 0;
    expect(await shared.get(key)).toEqual({ record, position: 7 });
    expect(counted.commands).toEqual(["GET"]);
  });

  test("fill() keeps the newer of two copies, in any order of arrival", async () => {
    const shared = redisShared(transport, { prefix });
    expect(await shared.fill(key, at(3, 10))).toBe(true);
    for (const older of [at(2, 99), at(3, 9), at(3, 10)]) expect(await shared.fill(key, older)).toBe(false);
    expect(await shared.get(key)).toEqual(at(3, 10));
    expect(await shared.fill(key, at(3, 11))).toBe(true);
    expect(await shared.fill(key, at(10, 2 ** 52))).toBe(true);
    expect(await shared.get(key)).toEqual(at(10, 2 ** 52));
  });

  test("fill() keeps the newest of many concurrent copies", async () => {
    const shared = redisShared(transport, { prefix });
    const versions = Array.from({ length: 200 }, (_, index) => ((index * 71) % 200) + 1);
    await Promise.all(versions.map((version) => shared.fill(key, at(version, 1))));
    expect(await shared.get(key)).toEqual(at(200, 1));
  });

  test("fill() does not replace a tombstone", async () => {
    const shared = redisShared(transport, { prefix });
    await shared.fill(key, at(1, 1));
    await shared.tombstone(key);
    expect(await shared.fill(key, at(9, 9))).toBe(false);
    expect(await shared.get(key)).toBeNull();
  });

  test("copies and tombstones expire after the TTL", async () => {
    const shared = redisShared(transport, { prefix });
    await shared.fill(key, at(1, 1));
    expect(await transport.exec(["PTTL", `${prefix}cached:${key}`])).toBeGreaterThan(29 * 60_000);
    await shared.tombstone(key);
    expect(await transport.exec(["PTTL", `${prefix}cached:${key}`])).toBeLessThanOrEqual(30 * 60_000);
  });

  test("get() ignores malformed values, and copies of another session that are stored under this session's key", async () => {
    const shared = redisShared(transport, { prefix });
    const other = JSON.stringify(recordCreatedAt(0));
    for (const text of ["", "{}", "1:2", "1:2:", "1:x:{}", "1:2:null", `1:2:${other}`, ":::"]) {
      await transport.exec(["SET", `${prefix}cached:${key}`, text]);
      expect(await shared.get(key)).toBeNull();
      expect(await shared.fill(key, at(1, 1))).toBe(/^\d+:\d+:/.test(text) === false);
    }
  });

  test("fill() stores a copy after SCRIPT FLUSH has deleted the script of fill() from the server", async () => {
    const shared = redisShared(transport, { prefix });
    await shared.fill(key, at(1, 1));
    await transport.exec(["SCRIPT", "FLUSH"]);
    expect(await shared.fill(key, at(2, 2))).toBe(true);
  });

  test("hints arrive in other processes, and malformed messages are ignored", async () => {
    const shared = redisShared(transport, { prefix });
    const hints: Hint[] = [
      { kind: "written", session: record.id, version: 4 },
      { kind: "revoked", scope: { session: record.id } },
      { kind: "revoked", scope: { subject: "ada" } },
      { kind: "revoked", scope: { tenant: "acme" } },
      { kind: "revoked", scope: { everyone: true } },
    ];
    const malformed = [
      "",
      "null",
      "[]",
      '{"kind":"revoked"}',
      '{"kind":"written","session":1}',
      '{"kind":"x"}',
    ];
    for (const hint of hints) {
      const received = await receiveHint(transport, prefix, async () => {
        for (const text of malformed) await transport.publish(`${prefix}hints`, text);
        await shared.publish(hint);
      });
      expect(received).toEqual(hint);
    }
  });

  test("a process refuses a session that another process revoked, before the next poll", async () => {
    const { store, session } = createSessionStore();
    const held = await session();
    const [one, other] = [redisShared(transport, { prefix }), redisShared(transport, { prefix })];
    const options = { store, maxStaleness: 60_000 };
    const caches = [
      createCache({ ...options, shared: one }),
      createCache({ ...options, shared: other }),
    ] as const;
    for (const cache of caches) await cache.read(held.id);
    expect(caches[1].getCached(compactId(held.id))).toBeDefined();
    await receiveHint(transport, prefix, async () => {
      await store.revoke({ session: held.id }, "logout");
      caches[0].recordRevocation({ session: held.id });
    });
    await expect.poll(() => caches[1].getCached(compactId(held.id))).toBeUndefined();
    for (const cache of caches) await cache.close();
  });

  test("only the first reads are delayed while Redis hangs or is down", async () => {
    const wire = await proxyTo(url);
    const wired = await connectRedis(wire.url);
    const { store, session } = createSessionStore();
    const cache = createCache({ store, shared: redisShared(wired, { prefix }), deadlines: { shared: 20 } });
    for (const fail of [() => wire.freeze(), () => wire.cut()]) {
      fail();
      for (let count = 0; count < 10; count++) {
        const { id } = await session();
        expect((await cache.read(id)).cached?.record.id).toBe(id);
      }
    }
    expect(cache.metrics().shared).toMatchObject({ hits: 0 });
    expect(cache.metrics().store.reads).toBe(20);
    await cache.close();
    await wired.close();
    await wire.close();
  });
});

/**
 * Creates a store, and a function that stores a new session in it. The session is created at the machine's current
 * time.
 */
function createSessionStore() {
  const cluster = new Cluster();
  const session = async () => {
    const record = recordCreatedAt(Date.now());
    await cluster.store.put(record, { expectedVersion: 0, change: "data" });
    return record;
  };
  return { store: cluster.store, session };
}
