import { channel } from "node:diagnostics_channel";
import { describe, expect, it } from "vitest";
import { directReader } from "../../src/session/reader.ts";
import { Session } from "../../src/session/session.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { codeOf, harness } from "./harness.ts";

const MINUTE = 60_000;

describe("a login", () => {
  it("into another subject leaves the tenant behind, unless a new one is named", async () => {
    const { manager } = harness();
    const { record } = await manager.create({ tenant: "acme" });
    const tenants = [];
    for (const [subject, options] of [
      ["alice", {}],
      ["alice", {}],
      ["bob", {}],
      ["carol", { tenant: "corp" }],
    ] as const) {
      tenants.push((await manager.authenticate(record.id, subject, options)).record.tenant);
    }
    expect(tenants).toEqual(["acme", "acme", null, "corp"]);
  });

  it("begins the absolute timeout anew each time, and never lengthens it", async () => {
    const { manager, pass, now } = harness();
    const { record } = await manager.create({ absoluteTimeout: 60 * MINUTE });
    for (let login = 0; login < 3; login++) {
      pass(10 * MINUTE);
      const { record: after } = await manager.authenticate(record.id, "alice");
      expect(after.expiresAt - now()).toBe(60 * MINUTE);
    }
  });

  it("is in the log that caches follow, as are a step-up and a rotation; a change of data is not", async () => {
    const { manager, store } = harness();
    const { record } = await manager.create();
    let { cursor } = await store.changes(null);
    const told = async () => {
      const page = await store.changes(cursor);
      cursor = page.cursor;
      return page.items.length;
    };
    await manager.authenticate(record.id, "alice");
    expect(await told()).toBe(1);
    await manager.elevate(record.id, "pay", MINUTE);
    expect(await told()).toBe(1);
    await manager.rotate(record.id);
    expect(await told()).toBe(1);
    await manager.patch(record.id, { views: 1 });
    expect(await told()).toBe(0);
  });

  it("counts the oldest by when they logged in, not by when they first came", async () => {
    const { manager, pass, refusal } = harness({ policy: { limit: { most: 2, when: "evict-oldest" } } });
    const visitor = await manager.create();
    pass(1000);
    const second = await manager.create({ subject: "alice" });
    pass(1000);
    const first = await manager.authenticate(visitor.record.id, "alice");
    pass(1000);
    const third = await manager.create({ subject: "alice" });
    const all = await Promise.all([first, second, third].map(({ token }) => refusal(token)));
    expect(all).toEqual([null, "revoked", null]);
  });
});

describe("a slow request that writes", () => {
  it("goes on through a login of its visitor, and never into another subject's session", async () => {
    const { manager, open } = harness();
    const { record, token } = await manager.create();
    const visitor = await open(token);
    const alice = await manager.authenticate(record.id, "alice");
    visitor.data.theme = "dark";
    await visitor.commit();
    const slow = await open(alice.token);
    await manager.authenticate(record.id, "bob");
    slow.data.cart = { pear: 1 };
    expect(await codeOf(Promise.resolve().then(() => slow.commit()))).toBe("CONFLICT");
    expect((await manager.find(record.id))?.data).toEqual({});
  });

  it("keeps no session alive when it is a poll", async () => {
    const { manager, pass } = harness();
    const { record, token } = await manager.create();
    pass(MINUTE);
    const session = await manager.resume(token, "background");
    if (!(session instanceof Session)) throw new Error("The token was refused.");
    await session.patch({ views: 1 });
    expect((await manager.find(record.id))?.lastSeenAt).toBe(record.lastSeenAt);
  });
});

describe("elevations", () => {
  it("stand beside each other, and go with the next one once they are over", async () => {
    const { manager, pass, now } = harness();
    const { record } = await manager.create({ subject: "alice" });
    await manager.elevate(record.id, "pay", MINUTE);
    const both = await manager.elevate(record.id, "export", 5 * MINUTE);
    expect(Object.keys(both.record.elevations)).toEqual(["pay", "export"]);
    pass(2 * MINUTE);
    const { elevations } = (await manager.elevate(record.id, "admin", MINUTE)).record;
    expect(elevations).toEqual({ export: now() + 3 * MINUTE, admin: now() + MINUTE });
  });
});

describe("a periodic rotation", () => {
  it("is not confirmed by somebody who only asks about the new token", async () => {
    const { manager, pass, open } = harness({ policy: { rotateEvery: MINUTE } });
    const { record, token } = await manager.create();
    pass(MINUTE);
    const { token: successor } = await (await open(token)).commit();
    expect((await manager.resume(successor ?? "", "none")).refusal).toBeNull();
    expect((await manager.find(record.id))?.confirmedAt).toBeNull();
    await open(successor ?? "");
    expect((await manager.find(record.id))?.confirmedAt).not.toBeNull();
  });
});

describe("activity", () => {
  it("is written in time for a short idle timeout, and at the latest when the manager closes", async () => {
    const delays: number[] = [];
    const schedule = (delay: number) => {
      delays.push(delay);
      return () => {};
    };
    const { manager, store, pass, open, now } = harness({ schedule });
    const [short, long] = [await manager.create({ idleTimeout: 1000 }), await manager.create()];
    const touched: string[] = [];
    store.touch = async (touches) => {
      touched.push(...touches.map(({ id, lastSeenAt }) => `${id} ${lastSeenAt}`));
    };
    pass(900);
    await open(short.token);
    expect(delays).toEqual([50]);
    pass(10 * MINUTE);
    await open(long.token);
    const seen = [`${short.record.id} ${now() - 10 * MINUTE}`, `${long.record.id} ${now()}`];
    await manager.close();
    expect(touched).toEqual(seen);
  });

  it("counts while the store is still being told of it", async () => {
    const written = Promise.withResolvers<void>();
    const store: SessionStore = { ...memoryStore(), touch: () => written.promise };
    const { manager, open, pass, fire } = harness({ store, policy: { idleTimeout: MINUTE } });
    const { token } = await manager.create();
    pass(MINUTE - 1);
    await open(token);
    const told = fire();
    pass(1);
    expect((await manager.resume(token, "none")).refusal).toBeNull();
    written.resolve();
    await told;
    expect((await manager.resume(token, "none")).refusal).toBe("expired");
  });
});

describe("events", () => {
  it("reach the diagnostics channels of their names, a refusal too that nobody else listens to", async () => {
    const { manager } = harness();
    const heard: string[] = [];
    const names = ["created", "changed", "authenticated", "elevated", "rotated", "refused", "revoked"];
    const listeners = names.map((name) => {
      const listener = () => heard.push(name);
      channel(`coatcheck:${name}`).subscribe(listener);
      return () => channel(`coatcheck:${name}`).unsubscribe(listener);
    });
    try {
      const { record } = await manager.create();
      await manager.patch(record.id, { views: 1 });
      await manager.authenticate(record.id, "alice");
      await manager.elevate(record.id, "pay", MINUTE);
      await manager.rotate(record.id);
      await manager.resume("x".repeat(50));
      await manager.revoke({ session: record.id });
    } finally {
      for (const unsubscribe of listeners) unsubscribe();
    }
    expect(heard).toEqual(names);
  });
});

it("a named session belongs to the browser that it stands in", async () => {
  const { manager } = harness();
  const { record } = await manager.create();
  const inner = await manager.create({ parentId: record.id, name: "order 1" });
  expect([record.owner, inner.record.owner]).toEqual([`browser:${record.id}`, `browser:${record.id}`]);
});

it("a revocation waits for every node when it is asked to, and only then", async () => {
  const store = memoryStore();
  const everywhere = Promise.withResolvers<void>();
  const cache = { ...directReader(store), settled: () => everywhere.promise };
  const { manager } = harness({ store, cache });
  const { record } = await manager.create({ subject: "alice" });
  expect(await manager.revoke({ session: record.id })).toBe(1);
  const order: string[] = [];
  await manager.create({ subject: "alice" });
  const waiting = manager.revoke({ subject: "alice" }, "logout", { wait: "everywhere" }).then((count) => {
    order.push("revoked");
    return count;
  });
  manager.events.once("revoked", () => {
    order.push("stored");
    setImmediate(() => {
      order.push("known everywhere");
      everywhere.resolve();
    });
  });
  expect(await waiting).toBe(1);
  expect(order).toEqual(["stored", "known everywhere", "revoked"]);
});
