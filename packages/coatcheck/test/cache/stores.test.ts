import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type CacheOptions, createCache, redisShared, type SessionCache } from "../../src/cache/index.ts";
import { createEncryption } from "../../src/encryption/index.ts";
import type { SessionRecord } from "../../src/session/record.ts";
import type { RevocationScope, SessionStore } from "../../src/session/store.ts";
import { compactId } from "../../src/session/token.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { postgresStore } from "../../src/store/postgres/store.ts";
import { connectRedis, type RedisTransport, redisStore } from "../../src/store/redis/store.ts";
import { type SqliteStore, sqliteStore } from "../../src/store/sqlite/store.ts";
import { makeRecord, nextVersion } from "../../src/testing/records.ts";
import { createTemporaryPrefix, describeWithServer } from "../servers/fixtures.ts";
import { createTemporarySchema } from "../servers/postgres.ts";

const STALENESS_BOUND = 400;

/** The stores of two processes, on the same data. */
interface StorePair {
  readonly stores: readonly [SessionStore, SessionStore];
  readonly options?: readonly [Partial<CacheOptions>, Partial<CacheOptions>];
  cleanUp?(): Promise<void> | void;
}

interface Process {
  readonly store: SessionStore;
  readonly cache: SessionCache;
}

async function storeNewSession({ store, cache }: Process): Promise<SessionRecord> {
  const record = makeRecord({ subject: "ada", tenant: "acme" });
  const position = cache.position();
  await store.put(record, { expectedVersion: 0, change: "data" });
  cache.recordWrite(record, position);
  return record;
}

async function revoke({ store, cache }: Process, scope: RevocationScope): Promise<void> {
  await store.revoke(scope, "logout");
  cache.recordRevocation(scope);
}

/** Two processes that revoke, log in and write while each of them reads all sessions. */
class MixedLoad {
  /** Number of reads that returned an active session. */
  acceptedReads = 0;
  /** Longest time between an invalidation and the start of a read that still accepted the session, in milliseconds. */
  worstStaleness = 0;
  readonly #processes: readonly [Process, Process];
  readonly #liveRecords: SessionRecord[] = [];
  readonly #endedRecords: SessionRecord[] = [];
  /** `id version` → time at which that version became invalid. */
  readonly #invalidatedAt = new Map<string, number>();
  #isStopped = false;

  private constructor(processes: readonly [Process, Process]) {
    this.#processes = processes;
  }

  static async start(processes: readonly [Process, Process]): Promise<MixedLoad> {
    const load = new MixedLoad(processes);
    for (let count = 0; count < 20; count++)
      load.#liveRecords.push(await storeNewSession(processes[count % 2] as Process));
    return load;
  }

  /** Reads all sessions in one process until {@link stop}. */
  async readAll(process: Process): Promise<void> {
    while (!this.#isStopped) {
      const records = [...this.#liveRecords, ...this.#endedRecords.slice(-20)];
      await Promise.all(records.map(({ id }) => this.#read(process, id)));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /**
   * Changes a privilege in every third round, revokes the whole tenant in some rounds, and revokes one session in the
   * others.
   */
  async runRound(round: number): Promise<void> {
    const process = this.#processes[round % 2] as Process;
    const recordIndex = (round * 7) % this.#liveRecords.length;
    const record = this.#liveRecords[recordIndex] as SessionRecord;
    if (round % 3 === 0) {
      await this.#changePrivilege(process, recordIndex, `secret ${round}`);
    } else if (round % 20 === 10) {
      await revoke(process, { tenant: "acme" });
      const at = performance.now();
      for (let each = 0; each < this.#liveRecords.length; each++) await this.#replace(process, each, at);
    } else {
      await revoke(process, { session: record.id });
      await this.#replace(process, recordIndex, performance.now());
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #read({ cache }: Process, id: string): Promise<void> {
    const startedAt = performance.now();
    const { record } = cache.getCached(compactId(id)) ?? (await cache.read(id)).cached ?? {};
    if (record?.state !== "active") return;
    this.acceptedReads++;
    const since = this.#invalidatedAt.get(`${id} ${record.version}`);
    if (since !== undefined) this.worstStaleness = Math.max(this.worstStaleness, startedAt - since);
  }

  async #changePrivilege({ store, cache }: Process, recordIndex: number, secretHash: string): Promise<void> {
    const record = this.#liveRecords[recordIndex] as SessionRecord;
    const position = cache.position();
    const next = nextVersion(record, { secretHash });
    const change = { expectedVersion: record.version, change: "privilege" } as const;
    expect(await store.put(next, change)).toBe("stored");
    cache.recordWrite(next, position);
    this.#invalidatedAt.set(`${record.id} ${record.version}`, performance.now());
    this.#liveRecords[recordIndex] = next;
  }

  async #replace(process: Process, recordIndex: number, invalidatedAt: number): Promise<void> {
    const record = this.#liveRecords[recordIndex] as SessionRecord;
    this.#invalidatedAt.set(`${record.id} ${record.version}`, invalidatedAt);
    this.#endedRecords.push(record);
    this.#liveRecords[recordIndex] = await storeNewSession(process);
  }
}

/** Declares the tests that any store must pass when two processes use it. */
function testCoherence(name: string, open: () => Promise<StorePair>, bound = STALENESS_BOUND): void {
  describe(name, () => {
    let pair: StorePair;
    let processes: readonly [Process, Process];

    beforeEach(async () => {
      pair = await open();
      const [one, other] = pair.stores;
      const process = (store: SessionStore, index: 0 | 1) => ({
        store,
        cache: createCache({ store, maxStaleness: STALENESS_BOUND, ...pair.options?.[index] }),
      });
      processes = [process(one, 0), process(other, 1)];
    });
    afterEach(async () => {
      for (const { cache } of processes) await cache.close();
      for (const { store } of processes) await store.close();
      await pair.cleanUp?.();
    });

    test("two processes cache a session that they have read, and refuse it within the staleness bound after its revocation", async () => {
      const [one, other] = processes;
      for (const scope of [
        (id: string) => ({ session: id }),
        () => ({ subject: "ada" }),
        () => ({ tenant: "acme" }),
      ]) {
        const record = await storeNewSession(one);
        const key = compactId(record.id);
        await expect
          .poll(() => other.cache.read(record.id))
          .toMatchObject({ cached: { record: { id: record.id } } });
        await expect.poll(() => other.cache.read(record.id)).toMatchObject({ tier: "local" });
        await revoke(one, scope(record.id));
        const revokedAt = performance.now();
        expect(one.cache.getCached(key)).toBeUndefined();
        let lastServed = 0;
        const peek = () => {
          const startedAt = performance.now();
          const held = other.cache.getCached(key);
          if (held) lastServed = startedAt - revokedAt;
          return held;
        };
        await expect.poll(peek, { interval: 1, timeout: 5000 }).toBeUndefined();
        expect(lastServed).toBeLessThanOrEqual(bound);
        for (const { cache } of processes) {
          expect((await cache.read(record.id, { fresh: true })).cached?.record.state).toBe("revoked");
        }
      }
    });

    test("two processes cache a session that was created after 'log out everywhere'", async () => {
      const [one, other] = processes;
      await storeNewSession(one);
      await revoke(one, { subject: "ada" });
      const record = await storeNewSession(one);
      for (const { cache } of [one, other]) {
        await expect.poll(() => cache.read(record.id)).toMatchObject({ tier: "local" });
      }
    });

    test("two processes that revoke, log in and write serve no revoked session after the staleness bound", async () => {
      const load = await MixedLoad.start(processes);
      const readers = processes.map((process) => load.readAll(process));
      for (let round = 0; round < 60; round++) await load.runRound(round);
      load.stop();
      await Promise.all(readers);
      expect(load.acceptedReads).toBeGreaterThan(500);
      expect(load.worstStaleness).toBeLessThanOrEqual(bound);
    });
  });
}

testCoherence("two caches on one memory store", async () => {
  const store = memoryStore();
  return { stores: [store, store] };
});

/** Two connections to one SQLite file behave like two processes. */
const openSqlitePair = () => {
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-cache-"));
  const path = join(folder, "sessions.db");
  const stores: [SqliteStore, SqliteStore] = [sqliteStore(path), sqliteStore(path)];
  return { stores, cleanUp: () => rmSync(folder, { recursive: true }) };
};

testCoherence("two caches on one SQLite file", async () => openSqlitePair());

testCoherence(
  "two caches with dataVersion on one SQLite file",
  async () => {
    const pair = openSqlitePair();
    const [one, other] = pair.stores;
    return {
      ...pair,
      options: [{ dataVersion: () => one.dataVersion() }, { dataVersion: () => other.dataVersion() }],
    };
  },
  0,
);

const encryption = createEncryption({ secrets: ["a secret for these tests"] });

const withoutEncryption = (store: SqliteStore): SessionStore => store;

test.each<[string, (store: SqliteStore) => SessionStore, (store: SqliteStore) => Partial<CacheOptions>]>([
  ["dataVersion", withoutEncryption, (store) => ({ dataVersion: () => store.dataVersion() })],
  ["singleProcess on a SQLite file", withoutEncryption, () => ({ singleProcess: true })],
  ["singleProcess on an encrypted SQLite file", encryption.store, () => ({ singleProcess: true })],
])(
  "a cache with %s refuses a session that another connection revoked at the next request",
  async (_name, wrap, options) => {
    const { stores, cleanUp } = openSqlitePair();
    const [one, other] = [wrap(stores[0]), wrap(stores[1])];
    const cache = createCache({ store: other, ...options(stores[1]) });
    for (let round = 0; round < 50; round++) {
      const record = makeRecord();
      await one.put(record, { expectedVersion: 0, change: "data" });
      for (let read = 0; read < 3; read++) await cache.read(record.id);
      expect(cache.getCached(compactId(record.id))).toBeDefined();
      await one.revoke({ session: record.id }, "logout");
      expect(cache.getCached(compactId(record.id))).toBeUndefined();
      expect((await cache.read(record.id)).cached?.record.state).toBe("revoked");
    }
    await cache.close();
    await Promise.all(stores.map((store) => store.close()));
    cleanUp();
  },
);

await describeWithServer("on Redis", "redis", (url) => {
  let transports: [RedisTransport, RedisTransport];
  beforeAll(async () => {
    const connect = () => connectRedis(url, { deadline: 5000 });
    transports = [await connect(), await connect()];
  });
  afterAll(async () => {
    for (const transport of transports) await transport.close();
  });
  const stores = (): [SessionStore, SessionStore] => {
    const prefix = createTemporaryPrefix();
    // Closing a store would close its transport, but all tests share these two transports.
    const [one, other] = transports.map((transport) =>
      redisStore({ ...transport, close: async () => {} }, { prefix }),
    );
    return [one as SessionStore, other as SessionStore];
  };
  const shared = () => {
    const prefix = createTemporaryPrefix();
    const [one, other] = transports;
    return [{ shared: redisShared(one, { prefix }) }, { shared: redisShared(other, { prefix }) }] as const;
  };

  testCoherence("two caches on one Redis store", async () => ({ stores: stores() }));
  testCoherence("two caches and a shared tier on one Redis store", async () => ({
    stores: stores(),
    options: shared(),
  }));
  testCoherence("two caches on one SQLite file, and a shared tier", async () => ({
    ...openSqlitePair(),
    options: shared(),
  }));
});

await describeWithServer("on PostgreSQL", "postgres", (server) => {
  testCoherence("two caches on one PostgreSQL store", async () => {
    const { url, drop } = await createTemporarySchema(server);
    const connect = () => postgresStore({ connectionString: url });
    return { stores: [await connect(), await connect()], cleanUp: drop };
  });
});
