import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import { SessionManager, type SessionManagerOptions } from "../../src/session/manager.ts";
import { Session } from "../../src/session/session.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { FakeTime, idle } from "../cache/fixtures.ts";

/** The time that a manager takes from the fake one. */
const managerTime = ({ clock, schedule }: FakeTime) => ({ clock, schedule });
/** The time that a cache takes from the fake one. */
const cacheTime = ({ clock, monotonic, schedule }: FakeTime) => ({ clock, monotonic, schedule });

const HOUR = 3_600_000;
/** Longer than the interval between two checks without a cache. */
const CHECK = 600;

/** Two nodes on one store. The first has `options`; its clock and timers belong to the test. */
function setUp(options: Partial<SessionManagerOptions<object>> = {}, time = new FakeTime()) {
  const store = { ...memoryStore({ clock: time.clock }), reads: 0 };
  const get = store.get;
  store.get = (id) => {
    store.reads++;
    return get(id);
  };
  const common = { secrets: ["a secret for these tests"], clock: time.clock };
  const timers = { active: 0 };
  const schedule: typeof time.schedule = (delay, task) => {
    timers.active++;
    const cancel = time.schedule(delay, () => {
      timers.active--;
      task();
    });
    return () => {
      timers.active--;
      cancel();
    };
  };
  const manager = new SessionManager<object>({ ...common, store, schedule, ...options });
  const otherNode = new SessionManager<object>({ ...common, store, schedule: time.schedule });
  return { time, store, timers, manager, otherNode };
}

async function open(manager: SessionManager<object>, token: string): Promise<Session<object>> {
  const found = await manager.resume(token, "none");
  if (!(found instanceof Session)) throw new Error(`The token was refused: ${found.refusal}`);
  return found;
}

/** The code of the error that a signal was aborted with; null while it is not aborted. */
const codeOf = (signal: AbortSignal): string | null => (signal.aborted ? signal.reason.code : null);

const scopes = [
  ["its id", (id: string) => ({ session: id })],
  ["its subject", () => ({ subject: "ada" })],
  ["its tenant", () => ({ tenant: "acme" })],
  ["everyone", () => ({ everyone: true as const })],
] as const;

describe("session.closed", () => {
  it.each(scopes)("aborts at once when this process revokes %s", async (_name, scopeOf) => {
    const { manager } = setUp();
    const { record, token } = await manager.create({ subject: "ada", tenant: "acme" });
    const { closed } = await open(manager, token);
    await manager.revoke({ subject: "eve" });
    await manager.revoke({ subject: "ada", except: record.id });
    expect(codeOf(closed)).toBeNull();
    await manager.revoke(scopeOf(record.id));
    expect(codeOf(closed)).toBe("SESSION_REVOKED");
    expect(() => closed.throwIfAborted()).toThrow("The session was revoked; log in again.");
  });

  it.each(scopes)("aborts at the next check when another node revokes %s", async (_name, scopeOf) => {
    const { manager, otherNode, time } = setUp();
    const { record, token } = await manager.create({ subject: "ada", tenant: "acme" });
    const { closed } = await open(manager, token);
    await otherNode.revoke(scopeOf(record.id));
    expect(codeOf(closed)).toBeNull();
    await time.advance(CHECK);
    expect(codeOf(closed)).toBe("SESSION_REVOKED");
  });

  it("aborts when its own handle revokes the session, and has already aborted when read afterwards", async () => {
    const { manager } = setUp();
    const { token } = await manager.create({ subject: "ada" });
    const session = await open(manager, token);
    const { closed } = session;
    await session.revoke();
    expect(codeOf(closed)).toBe("SESSION_REVOKED");
    const second = await open(manager, (await manager.create({ subject: "ada" })).token);
    await second.revoke();
    expect(codeOf(second.closed)).toBe("SESSION_REVOKED");
  });

  it("aborts at the idle timeout, unless another node has seen activity", async () => {
    const { manager, otherNode, time } = setUp();
    const { token } = await manager.create({ subject: "ada", idleTimeout: HOUR });
    const { closed } = await open(manager, token);
    await time.advance(HOUR - 10_000);
    await otherNode.resume(token); // Written within five seconds.
    await time.advance(HOUR - CHECK);
    expect(codeOf(closed)).toBeNull();
    await time.advance(2 * CHECK);
    expect(codeOf(closed)).toBe("SESSION_EXPIRED");
  });

  it("aborts at the absolute timeout, whatever the activity", async () => {
    const { manager, time } = setUp();
    const { token } = await manager.create({ subject: "ada", absoluteTimeout: HOUR });
    const { closed } = await open(manager, token);
    await time.advance(HOUR - CHECK);
    await manager.resume(token);
    expect(codeOf(closed)).toBeNull();
    await time.advance(2 * CHECK);
    expect(codeOf(closed)).toBe("SESSION_EXPIRED");
  });

  it("aborts when the session has been deleted", async () => {
    const { manager, time, store } = setUp();
    const { token } = await manager.create({ subject: "ada" });
    const { closed } = await open(manager, token);
    store.get = async () => null;
    await time.advance(CHECK);
    expect(codeOf(closed)).toBe("SESSION_REVOKED");
  });

  it("does not abort during an outage, and aborts after it", async () => {
    const { manager, otherNode, time, store } = setUp();
    const { token } = await manager.create({ subject: "ada" });
    const { closed } = await open(manager, token);
    const { get } = store;
    store.get = () => Promise.reject(new Error("no connection"));
    await otherNode.revoke({ subject: "ada" });
    await time.advance(10 * CHECK);
    expect(codeOf(closed)).toBeNull();
    store.get = get;
    await time.advance(CHECK);
    expect(codeOf(closed)).toBe("SESSION_REVOKED");
  });

  it.each(["this node", "another node"])("aborts when a login on %s replaces the token", async (node) => {
    const { manager, otherNode, time } = setUp();
    const { record, token } = await manager.create();
    const { closed } = await open(manager, token);
    await (node === "this node" ? manager : otherNode).authenticate(record.id, "ada");
    await time.advance(CHECK);
    expect(codeOf(closed)).toBe("CONFLICT");
  });

  it("does not abort when its own handle logs in, elevates or rotates, and follows the new token", async () => {
    const { manager, time } = setUp({});
    await manager.create({ subject: "ada" });
    const session = await open(manager, (await manager.create()).token);
    const { closed } = session;
    for (const change of [
      () => session.authenticate("ada"),
      () => session.elevate("payments", HOUR),
      () => session.rotate(),
      () => session.patch({ theme: "dark" }),
    ]) {
      await change();
      await time.advance(CHECK);
      expect(codeOf(closed)).toBeNull();
    }
    await manager.revoke({ subject: "ada" });
    expect(codeOf(closed)).toBe("SESSION_REVOKED");
  });

  it("survives periodic rotations on another node, and triggers no theft detection", async () => {
    const { manager, time, store } = setUp({ policy: { rotateEvery: HOUR } });
    const secrets = ["a secret for these tests"];
    const rotatingNode = new SessionManager({
      store,
      secrets,
      policy: { rotateEvery: HOUR },
      ...managerTime(time),
    });
    const { token } = await manager.create({ subject: "ada" });
    const { closed } = await open(manager, token);
    let current = token;
    for (let round = 0; round < 3; round++) {
      await time.advance(HOUR);
      const session = await rotatingNode.resume(current);
      if (!(session instanceof Session)) throw new Error(`The token was refused: ${session.refusal}`);
      const commit = await session.commit();
      expect(commit.state).toBe("rotated");
      current = commit.token ?? "";
      await rotatingNode.resume(current);
    }
    await time.advance(HOUR / 2);
    expect(codeOf(closed)).toBeNull();
    expect((await rotatingNode.resume(current)).refusal).toBeNull();
  });

  it("watches a new session as soon as it is stored", async () => {
    const { manager, timers } = setUp();
    const session = manager.begin();
    const { closed } = session;
    expect(timers.active).toBe(0);
    await session.patch({ theme: "dark" });
    expect(timers.active).toBe(1);
    await manager.revoke({ session: session.id });
    expect(codeOf(closed)).toBe("SESSION_REVOKED");
  });
});

describe("the watcher behind session.closed", () => {
  const listeners = (manager: SessionManager<object>) =>
    manager.events.eventNames().reduce((sum, name) => sum + manager.events.listenerCount(name), 0);

  it("has one timer for all sessions, and none before the first signal and after the last", async () => {
    const { manager, timers, time } = setUp();
    const tokens = await Promise.all([1, 2, 3].map(() => manager.create({ subject: "ada" })));
    const sessions = await Promise.all(tokens.map(({ token }) => open(manager, token)));
    expect([timers.active, listeners(manager)]).toEqual([0, 0]);
    const signals = sessions.map(({ closed }) => closed);
    await time.advance(3 * CHECK);
    expect([timers.active, listeners(manager)]).toEqual([1, 5]);
    expect(sessions[0]?.closed).toBe(signals[0]);
    await manager.revoke({ everyone: true });
    expect(signals.map(codeOf)).toEqual(Array(3).fill("SESSION_REVOKED"));
    expect([timers.active, listeners(manager)]).toEqual([0, 0]);
  });

  it("reads nothing from the store while the cache polls, whatever the local time to live", async () => {
    const time = new FakeTime();
    const store = { ...memoryStore({ clock: time.clock }), reads: 0 };
    const { get } = store;
    store.get = (id) => {
      store.reads++;
      return get(id);
    };
    const cache = createCache({ store, ...cacheTime(time) });
    const { manager } = setUp({ store, cache }, time);
    await time.advance(2000);
    const { token } = await manager.create({ subject: "ada" });
    const { closed } = await open(manager, token);
    const reads = store.reads;
    await time.advance(60_000);
    expect([store.reads - reads, codeOf(closed)]).toEqual([0, null]);
    await manager.close();
  });

  it.each(["polls succeed", "polls fail"])("aborts within the staleness bound when %s", async (polls) => {
    for (let phase = 0; phase < 2000; phase += 130) {
      const time = new FakeTime();
      const store = { ...memoryStore({ clock: time.clock }) };
      const { changes } = store;
      const cache = createCache({ store, ...cacheTime(time) });
      const { manager } = setUp({ store, cache }, time);
      const otherNode = new SessionManager({
        store,
        secrets: ["a secret for these tests"],
        ...managerTime(time),
      });
      await time.advance(2000);
      const { token } = await manager.create({ subject: "ada" });
      const { closed } = await open(manager, token);
      await time.advance(2000 + phase);
      if (polls === "polls fail") store.changes = () => Promise.reject(new Error("no connection"));
      await otherNode.revoke({ subject: "ada" });
      await time.advance(2000);
      expect([phase, codeOf(closed)]).toEqual([phase, "SESSION_REVOKED"]);
      store.changes = changes;
      await manager.close();
    }
  });
});

describe("the memory of session.closed", () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  const collected = async (isDone: () => boolean) => {
    for (let round = 0; round < 20 && !isDone(); round++) {
      collectGarbage();
      await idle();
    }
    return isDone();
  };

  it("stops watching when the application has dropped the signal", async () => {
    const { manager, timers } = setUp();
    const { token } = await manager.create({ subject: "ada" });
    for (let request = 0; request < 100; request++)
      expect((await open(manager, token)).closed.aborted).toBe(false);
    expect(timers.active).toBe(1);
    expect(await collected(() => timers.active === 0)).toBe(true);
  });

  it("keeps watching for a listener while nothing else references the signal", async () => {
    const { manager } = setUp();
    const { record, token } = await manager.create({ subject: "ada" });
    let aborted = 0;
    const request = async () => {
      (await open(manager, token)).closed.addEventListener("abort", () => aborted++);
    };
    await request();
    await collected(() => false);
    await manager.revoke({ session: record.id });
    expect(aborted).toBe(1);
  });

  it("stops watching when the listener has been removed", async () => {
    const { manager, timers } = setUp();
    const { token } = await manager.create({ subject: "ada" });
    const request = async () => {
      const { closed } = await open(manager, token);
      const connection = new AbortController();
      closed.addEventListener("abort", () => {}, { signal: connection.signal });
      connection.abort();
    };
    await request();
    expect(await collected(() => timers.active === 0)).toBe(true);
  });
});
