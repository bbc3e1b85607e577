import { expect, onTestFinished } from "vitest";
import type { SessionStore } from "../../../src/session/store.ts";
import { connectRedis, type RedisTransport, redisStore } from "../../../src/store/redis/store.ts";
import { makeRecord } from "../../../src/testing/records.ts";
import { type OwnRedis, startOwnRedis } from "./fixtures.ts";

export const CREATE_OPTIONS = { expectedVersion: 0, change: "data" } as const;

export interface StoreFixture {
  readonly server: OwnRedis;
  readonly redis: RedisTransport;
  readonly store: SessionStore;
}

/** Starts a Redis server, and opens a store on it. The default deadline is long, because many tests share two cores. */
export async function startFixture(
  settings: Readonly<Record<string, string>> = {},
  deadline = 5000,
): Promise<StoreFixture> {
  const server = await startOwnRedis(settings);
  const redis = await connectRedis(server.url, { deadline });
  onTestFinished(async () => {
    await redis.close();
    await server.stop();
  });
  return { server, redis, store: redisStore(redis) };
}

/** Calls every method of the store. */
export function callEveryMethod(store: SessionStore): Promise<unknown>[] {
  const record = makeRecord();
  return [
    store.get(record.id),
    store.put(record, CREATE_OPTIONS),
    store.touch([{ id: record.id, lastSeenAt: 1 }]),
    store.revoke({ session: record.id }, "logout"),
    store.list({}, { limit: 1 }),
    store.stats(0),
    store.changes(null),
    store.sweep(0, 1),
  ];
}

export async function expectUnavailable(calls: readonly Promise<unknown>[], message?: string): Promise<void> {
  for (const outcome of await Promise.allSettled(calls)) {
    expect(outcome.status).toBe("rejected");
    const reason: unknown = outcome.status === "rejected" ? outcome.reason : undefined;
    expect(reason).toMatchObject({ code: "STORE_UNAVAILABLE", ...(message ? { message } : {}) });
  }
}

/** Repeats a call until it resolves. If that takes too long, the test's timeout ends the wait. */
export async function untilResolved<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
