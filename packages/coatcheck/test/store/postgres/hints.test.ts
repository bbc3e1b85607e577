import { afterEach, beforeEach, expect, test } from "vitest";
import { createCache, type SessionCache } from "../../../src/cache/index.ts";
import type { Hint } from "../../../src/session/hint.ts";
import type { SessionStore } from "../../../src/session/store.ts";
import { compactId } from "../../../src/session/token.ts";
import { postgresHints, postgresStore } from "../../../src/store/postgres/store.ts";
import { makeRecord } from "../../../src/testing/records.ts";
import { createTemporaryDatabase, describeWithServer } from "../../servers/fixtures.ts";
import { query } from "../../servers/postgres.ts";
import { proxyTo } from "../../servers/proxy.ts";

/**
 * Milliseconds. With this bound, polls are fifteen seconds apart. If a change becomes visible earlier, a hint is the
 * cause.
 */
const STALENESS_BOUND = 60_000;
const POLL_OPTIONS = { interval: 5, timeout: 5000 };

interface Process {
  readonly store: SessionStore;
  readonly cache: SessionCache;
}

await describeWithServer("postgresHints", "postgres", (server) => {
  let database: Awaited<ReturnType<typeof createTemporaryDatabase>>;
  let open: { close(): Promise<void> }[];

  beforeEach(async () => {
    database = await createTemporaryDatabase(server);
    open = [];
  });
  afterEach(async () => {
    for (const each of open.reverse()) await each.close();
    await database.drop();
  });

  const channelTo = (connectionString: string) => {
    const hints = postgresHints({ connectionString });
    open.push(hints);
    return hints;
  };
  const start = async (hintsUrl = database.url): Promise<Process> => {
    const store = await postgresStore({ connectionString: database.url });
    open.push(store);
    const hints = postgresHints({ connectionString: hintsUrl });
    const cache = createCache({ store, maxStaleness: STALENESS_BOUND, hints });
    open.push(cache);
    return { store, cache };
  };
  /** Returns the ids of the server processes to which the listening connections belong. */
  const listListenerIds = async (): Promise<unknown[]> => {
    const name = new URL(database.url).pathname.slice(1);
    const rows = await query(
      server,
      `select pid from pg_stat_activity where application_name = 'coatcheck hints'
       and datname = '${name}' and state = 'idle' and query <> ''`,
    );
    return rows.map(({ pid }) => pid);
  };
  const expectHintDelivered = async (one: Process, other: Process) => {
    const record = makeRecord({ subject: "ada" });
    await one.store.put(record, { expectedVersion: 0, change: "data" });
    await expect.poll(() => other.cache.read(record.id)).toMatchObject({ tier: "local" });
    const { polls } = other.cache.metrics().log;
    await one.store.revoke({ session: record.id }, "logout");
    one.cache.recordRevocation({ session: record.id });
    await expect.poll(() => other.cache.getCached(compactId(record.id)), POLL_OPTIONS).toBeUndefined();
    expect(other.cache.metrics().log.polls).toBe(polls);
    expect((await other.cache.read(record.id, { fresh: true })).cached?.record.state).toBe("revoked");
  };

  test("a hint makes another process reject a revoked session long before its next poll", async () => {
    const [one, other] = [await start(), await start()];
    await expect.poll(listListenerIds, POLL_OPTIONS).toHaveLength(2);
    await expectHintDelivered(one, other);
    await expectHintDelivered(other, one);
  });

  test("hints are delivered again after every connection was terminated", async () => {
    const [one, other] = [await start(), await start()];
    await expect.poll(listListenerIds, POLL_OPTIONS).toHaveLength(2);
    for (let round = 0; round < 3; round++) {
      const ended = await listListenerIds();
      for (const pid of ended) await query(server, `select pg_terminate_backend(${pid})`);
      await expect
        .poll(async () => (await listListenerIds()).filter((pid) => !ended.includes(pid)), POLL_OPTIONS)
        .toHaveLength(2);
      await expectHintDelivered(one, other);
    }
  });

  test("hints are lost while the server is unreachable, and the application gets no error", async () => {
    const wire = await proxyTo(database.url);
    const [one, other] = [await start(wire.url), await start(wire.url)];
    await expect.poll(listListenerIds, POLL_OPTIONS).toHaveLength(2);
    for (const [fail, heal] of [
      [wire.cut, wire.acceptAgain],
      [wire.freeze, wire.thaw],
    ] as const) {
      const before = await listListenerIds();
      fail();
      for (let count = 0; count < 20; count++) one.cache.recordRevocation({ session: makeRecord().id });
      heal();
      await expect.poll(listListenerIds, POLL_OPTIONS).toHaveLength(2);
      if (fail === wire.cut) expect(await listListenerIds()).not.toEqual(before);
      await expectHintDelivered(other, one);
    }
    for (const { cache } of [one, other]) await cache.close();
    await wire.close();
  });

  test("many concurrent hints are delivered unchanged and in order, but a hint that is too long is dropped", async () => {
    const [publisher, subscriber] = [channelTo(database.url), channelTo(database.url)];
    const received: Hint[] = [];
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const last: Hint = { kind: "revoked", scope: { everyone: true } };
    await subscriber.subscribe((hint) => {
      received.push(hint);
      if (hint.kind === "revoked" && "everyone" in hint.scope) resolve();
    });
    await publisher.subscribe(() => {});
    const hints = Array.from({ length: 500 }, (_, version): Hint => {
      return version % 2
        ? { kind: "written", session: makeRecord().id, version }
        : { kind: "revoked", scope: { subject: `Zoë's "${version}" 🌮` } };
    });
    const tooLong: Hint = { kind: "revoked", scope: { subject: "ë".repeat(4000) } };
    await Promise.all([...hints, tooLong, last].map((hint) => publisher.publish(hint)));
    await done;
    expect(received).toEqual([...hints, last]);
  });

  test("close() leaves no connection open, even if it is called during a connection attempt", async () => {
    const unreachable = channelTo("postgres://user:secret@127.0.0.1:1/nowhere");
    await unreachable.subscribe(() => {});
    await unreachable.close();
    const { cache } = await start();
    await expect.poll(listListenerIds, POLL_OPTIONS).toHaveLength(1);
    await cache.close();
    await expect.poll(listListenerIds, POLL_OPTIONS).toEqual([]);
    const early = channelTo(database.url);
    const subscribed = early.subscribe(() => {});
    await early.close();
    await subscribed;
    await expect.poll(listListenerIds, POLL_OPTIONS).toEqual([]);
    await expect(early.publish({ kind: "revoked", scope: { everyone: true } })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
  });

  test("the error of postgresHints() for a malformed URL does not contain the password", () => {
    expect(() => postgresHints({ connectionString: "mysql://ada:secret@host/name" })).toThrow(
      /^Invalid PostgreSQL URL: it must have the form postgres:\/\/user:password@host:port\/database\.$/,
    );
  });
});
