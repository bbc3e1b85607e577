import { channel } from "node:diagnostics_channel";
import { describe, expect, it } from "vitest";
import { createDirectReader } from "../../src/session/reader.ts";
import { Session } from "../../src/session/session.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { catchErrorCode, createFixture } from "./fixtures.ts";

const MINUTE = 60_000;

describe("authenticate()", () => {
  it("clears the tenant on a change of subject unless a new tenant is passed", async () => {
    const { manager } = createFixture();
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

  it("restarts the absolute timeout with the same duration", async () => {
    const { manager, advance, now } = createFixture();
    const { record } = await manager.create({ absoluteTimeout: 60 * MINUTE });
    for (let login = 0; login < 3; login++) {
      advance(10 * MINUTE);
      const { record: after } = await manager.authenticate(record.id, "alice");
      expect(after.expiresAt - now()).toBe(60 * MINUTE);
    }
  });

  it("appends an item to the revocation log, like elevate() and rotate() but unlike patch()", async () => {
    const { manager, store } = createFixture();
    const { record } = await manager.create();
    let { cursor } = await store.changes(null);
    const newLogItems = async () => {
      const page = await store.changes(cursor);
      cursor = page.cursor;
      return page.items.length;
    };
    await manager.authenticate(record.id, "alice");
    expect(await newLogItems()).toBe(1);
    await manager.elevate(record.id, "pay", MINUTE);
    expect(await newLogItems()).toBe(1);
    await manager.rotate(record.id);
    expect(await newLogItems()).toBe(1);
    await manager.patch(record.id, { views: 1 });
    expect(await newLogItems()).toBe(0);
  });

  it("with `evict-oldest`, revokes the session with the oldest login, even if another session was created earlier", async () => {
    const { manager, advance, findRefusal } = createFixture({
      policy: { sessionLimit: { max: 2, onExceeded: "evict-oldest" } },
    });
    const visitor = await manager.create();
    advance(1000);
    const second = await manager.create({ subject: "alice" });
    advance(1000);
    const first = await manager.authenticate(visitor.record.id, "alice");
    advance(1000);
    const third = await manager.create({ subject: "alice" });
    const all = await Promise.all([first, second, third].map(({ token }) => findRefusal(token)));
    expect(all).toEqual([null, "revoked", null]);
  });
});

describe("a write of a slow request", () => {
  it("throws CONFLICT after another request has logged the session in", async () => {
    const { manager, open } = createFixture();
    const { record, token } = await manager.create();
    const visitor = await open(token);
    const alice = await manager.authenticate(record.id, "alice");
    visitor.data.theme = "dark";
    expect(await catchErrorCode(Promise.resolve().then(() => visitor.commit()))).toBe("CONFLICT");
    const slow = await open(alice.token);
    await manager.authenticate(record.id, "bob");
    slow.data.cart = { pear: 1 };
    expect(await catchErrorCode(Promise.resolve().then(() => slow.commit()))).toBe("CONFLICT");
    expect((await manager.find(record.id))?.data).toEqual({});
  });

  it("does not restart the idle timeout when the activity of the request is `background`", async () => {
    const { manager, advance } = createFixture();
    const { record, token } = await manager.create();
    advance(MINUTE);
    const session = await manager.resume(token, "background");
    if (!(session instanceof Session)) throw new Error("The token was refused.");
    await session.patch({ views: 1 });
    expect((await manager.find(record.id))?.lastSeenAt).toBe(record.lastSeenAt);
  });
});

describe("elevate()", () => {
  it("keeps current elevations of other scopes, and drops elevations that have ended", async () => {
    const { manager, advance, now } = createFixture();
    const { record } = await manager.create({ subject: "alice" });
    await manager.elevate(record.id, "pay", MINUTE);
    const both = await manager.elevate(record.id, "export", 5 * MINUTE);
    expect(Object.keys(both.record.elevations)).toEqual(["pay", "export"]);
    advance(2 * MINUTE);
    const { elevations } = (await manager.elevate(record.id, "admin", MINUTE)).record;
    expect(elevations).toEqual({ export: now() + 3 * MINUTE, admin: now() + MINUTE });
  });
});

describe("a periodic rotation", () => {
  it("does not count a request with the activity `none` as the first use of the new token", async () => {
    const { manager, advance, open } = createFixture({ policy: { rotateEvery: MINUTE } });
    const { record, token } = await manager.create();
    advance(MINUTE);
    const { token: successor } = await (await open(token)).commit();
    expect((await manager.resume(successor ?? "", "none")).refusal).toBeNull();
    expect((await manager.find(record.id))?.tokenUsedAt).toBeNull();
    await open(successor ?? "");
    expect((await manager.find(record.id))?.tokenUsedAt).not.toBeNull();
  });
});

describe("the touch queue", () => {
  it("is written sooner if the idle timeout is short, and is completely written when the manager closes", async () => {
    const delays: number[] = [];
    const schedule = (delay: number) => {
      delays.push(delay);
      return () => {};
    };
    const { manager, store, advance, open, now } = createFixture({ schedule });
    const [short, long] = [await manager.create({ idleTimeout: 1000 }), await manager.create()];
    const touched: string[] = [];
    store.touch = async (touches) => {
      touched.push(...touches.map(({ id, lastSeenAt }) => `${id} ${lastSeenAt}`));
    };
    advance(900);
    await open(short.token);
    expect(delays).toEqual([50]);
    advance(10 * MINUTE);
    await open(long.token);
    const seen = [`${short.record.id} ${now() - 10 * MINUTE}`, `${long.record.id} ${now()}`];
    await manager.close();
    expect(touched).toEqual(seen);
  });

  it("keeps a session alive while its touch is being written", async () => {
    const written = Promise.withResolvers<void>();
    const store: SessionStore = { ...memoryStore(), touch: () => written.promise };
    const { manager, open, advance, runTimers } = createFixture({ store, policy: { idleTimeout: MINUTE } });
    const { token } = await manager.create();
    advance(MINUTE - 1);
    await open(token);
    const flushed = runTimers();
    advance(1);
    expect((await manager.resume(token, "none")).refusal).toBeNull();
    written.resolve();
    await flushed;
    expect((await manager.resume(token, "none")).refusal).toBe("expired");
  });
});

describe("diagnostics channels", () => {
  it("receive every event under its name, even if the event has no listener", async () => {
    const { manager } = createFixture();
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

it("create() with `parentId` makes the browser of the parent session the owner of the new session", async () => {
  const { manager } = createFixture();
  const { record } = await manager.create();
  const inner = await manager.create({ parentId: record.id, name: "order 1" });
  expect([record.owner, inner.record.owner]).toEqual([`browser:${record.id}`, `browser:${record.id}`]);
});

it("revoke() waits for all nodes only if the option `wait` is `everywhere`", async () => {
  const store = memoryStore();
  const everywhere = Promise.withResolvers<void>();
  const cache = { ...createDirectReader(store), waitForPropagation: () => everywhere.promise };
  const { manager } = createFixture({ store, cache });
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
