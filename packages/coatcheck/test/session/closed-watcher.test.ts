import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { FakeTime, untilIdle } from "../cache/fixtures.ts";
import {
  CHECK_INTERVAL,
  cacheTimeOptions,
  createTwoNodes,
  managerTimeOptions,
  openSession,
  readAbortCode,
} from "./closed-fixtures.ts";

describe("the watcher behind session.closed", () => {
  const listeners = (manager: SessionManager<object>) =>
    manager.events.eventNames().reduce((sum, name) => sum + manager.events.listenerCount(name), 0);

  it("has one timer for all sessions, and no timer while no signal is watched", async () => {
    const { manager, timers, time } = createTwoNodes();
    const tokens = await Promise.all([1, 2, 3].map(() => manager.create({ subject: "ada" })));
    const sessions = await Promise.all(tokens.map(({ token }) => openSession(manager, token)));
    expect([timers.active, listeners(manager)]).toEqual([0, 0]);
    const signals = sessions.map(({ closed }) => closed);
    await time.advance(3 * CHECK_INTERVAL);
    expect([timers.active, listeners(manager)]).toEqual([1, 5]);
    expect(sessions[0]?.closed).toBe(signals[0]);
    await manager.revoke({ everyone: true });
    expect(signals.map(readAbortCode)).toEqual(Array(3).fill("SESSION_REVOKED"));
    expect([timers.active, listeners(manager)]).toEqual([0, 0]);
  });

  it("does not read the store as long as the cache polls, even after the time to live of the cached session", async () => {
    const time = new FakeTime();
    const store = { ...memoryStore({ clock: time.clock }), reads: 0 };
    const { get } = store;
    store.get = (id) => {
      store.reads++;
      return get(id);
    };
    const cache = createCache({ store, ...cacheTimeOptions(time) });
    const { manager } = createTwoNodes({ store, cache }, time);
    await time.advance(2000);
    const { token } = await manager.create({ subject: "ada" });
    const { closed } = await openSession(manager, token);
    const reads = store.reads;
    await time.advance(60_000);
    expect([store.reads - reads, readAbortCode(closed)]).toEqual([0, null]);
    await manager.close();
  });

  it.each(["polls succeed", "polls fail"])("aborts within the staleness bound when %s", async (polls) => {
    for (let phase = 0; phase < 2000; phase += 130) {
      const time = new FakeTime();
      const store = { ...memoryStore({ clock: time.clock }) };
      const { changes } = store;
      const cache = createCache({ store, ...cacheTimeOptions(time) });
      const { manager } = createTwoNodes({ store, cache }, time);
      const otherNode = new SessionManager({
        store,
        secrets: ["a secret for these tests"],
        ...managerTimeOptions(time),
      });
      await time.advance(2000);
      const { token } = await manager.create({ subject: "ada" });
      const { closed } = await openSession(manager, token);
      await time.advance(2000 + phase);
      if (polls === "polls fail") store.changes = () => Promise.reject(new Error("no connection"));
      await otherNode.revoke({ subject: "ada" });
      await time.advance(2000);
      expect([phase, readAbortCode(closed)]).toEqual([phase, "SESSION_REVOKED"]);
      store.changes = changes;
      await manager.close();
    }
  });
});

describe("the memory of session.closed", () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  const collected = async (isDone: () => boolean) => {
    for (let round = 0; round < 6 && !isDone(); round++) {
      collectGarbage();
      await untilIdle();
    }
    return isDone();
  };

  it("is freed, and the watch of the session ends, when the application no longer references the signal", async () => {
    const { manager, timers } = createTwoNodes();
    const { token } = await manager.create({ subject: "ada" });
    for (let request = 0; request < 100; request++)
      expect((await openSession(manager, token)).closed.aborted).toBe(false);
    expect(timers.active).toBe(1);
    expect(await collected(() => timers.active === 0)).toBe(true);
  });

  it("is kept while the signal has a listener, even if the application no longer references it", async () => {
    const { manager } = createTwoNodes();
    const { record, token } = await manager.create({ subject: "ada" });
    let aborted = 0;
    const request = async () => {
      (await openSession(manager, token)).closed.addEventListener("abort", () => aborted++);
    };
    await request();
    await collected(() => false);
    await manager.revoke({ session: record.id });
    expect(aborted).toBe(1);
  });

  it("is freed, and the watch of the session ends, when the signal's last listener has been removed", async () => {
    const { manager, timers } = createTwoNodes();
    const { token } = await manager.create({ subject: "ada" });
    const request = async () => {
      const { closed } = await openSession(manager, token);
      const connection = new AbortController();
      closed.addEventListener("abort", () => {}, { signal: connection.signal });
      connection.abort();
    };
    await request();
    expect(await collected(() => timers.active === 0)).toBe(true);
  });
});
