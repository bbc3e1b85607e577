import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/store/memory.ts";
import { catchErrorCode, createFixture } from "./fixtures.ts";

const MINUTE = 60_000;

describe("opening a session", () => {
  it("resume() opens a session only with a valid token, and otherwise returns the reason of the refusal", async () => {
    const { manager, open, findRefusal } = createFixture();
    const { record, token } = await manager.create({ data: { theme: "dark" } });
    const session = await open(token);
    expect([session.id, session.data.theme, session.type]).toEqual([record.id, "dark", "anonymous"]);
    expect(await findRefusal("")).toBe("missing");
    expect(await findRefusal(record.id)).toBe("malformed");
    expect(await findRefusal(`${token.slice(0, 49)}${token.endsWith("A") ? "B" : "A"}`)).toBe("forged");
    const unknown = await createFixture().manager.create();
    expect(await findRefusal(unknown.token)).toBe("unknown");
  });

  it("resume() refuses 10,000 random tokens without reading the store", async () => {
    const store = memoryStore();
    let reads = 0;
    const { findRefusal } = createFixture({
      store: {
        ...store,
        get: async (id) => {
          reads++;
          return await store.get(id);
        },
      },
    });
    for (let count = 0; count < 10_000; count++) {
      const token = Buffer.from(crypto.getRandomValues(new Uint8Array(38)))
        .toString("base64url")
        .slice(0, 50);
      expect(await findRefusal(token)).toMatch(/malformed|forged/);
    }
    expect(reads).toBe(0);
    expect((await store.stats(0)).total).toBe(0);
  });

  it("begin() stores nothing if nothing changes", async () => {
    const { manager, store, now } = createFixture();
    const session = manager.begin();
    expect(session.data.theme).toBeUndefined();
    expect(session.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(await session.takeFlash("notice")).toBeUndefined();
    expect(await session.commit()).toEqual({ state: "unchanged", token: null, record: null });
    expect((await store.stats(now())).total).toBe(0);
  });

  it("begin() returns a handle whose id stays the same when its first change creates the session", async () => {
    const { manager, open } = createFixture();
    const session = manager.begin(() => ({ visitorId: "visitor-1", metadata: { source: "web" } }));
    const { id } = session;
    session.data.theme = "dark";
    const { state, token } = await session.commit();
    expect(state).toBe("rotated");
    const again = await open(token ?? "");
    expect(again.id).toBe(id);
    expect(again.record).toMatchObject({
      visitorId: "visitor-1",
      metadata: { source: "web" },
      data: { theme: "dark" },
    });
  });
});

describe("the timeouts of a session", () => {
  const policy = { idleTimeout: 30 * MINUTE, absoluteTimeout: 100 * MINUTE };

  it("end an idle session at the idle timeout, and an active session at the absolute timeout", async () => {
    const { manager, findRefusal, advance } = createFixture({ policy });
    const { token } = await manager.create();
    advance(29 * MINUTE);
    expect(await findRefusal(token)).toBeNull();
    advance(29 * MINUTE);
    expect(await findRefusal(token)).toBeNull();
    advance(30 * MINUTE);
    expect(await findRefusal(token)).toBe("expired");
    const { token: busy } = await manager.create();
    for (let count = 0; count < 9; count++) {
      advance(11 * MINUTE);
      expect(await findRefusal(busy)).toBeNull();
    }
    advance(1 * MINUTE);
    expect(await findRefusal(busy)).toBe("expired");
  });

  it("are not extended by background requests", async () => {
    const { manager, advance } = createFixture({ policy });
    const { token } = await manager.create();
    advance(20 * MINUTE);
    expect((await manager.resume(token, "background")).refusal).toBeNull();
    advance(11 * MINUTE);
    expect((await manager.resume(token, "background")).refusal).toBe("expired");
  });

  it("restart with activity, which is written in one batch for many requests", async () => {
    const store = memoryStore();
    let touches = 0;
    const counted = {
      ...store,
      touch: async (entries: Parameters<typeof store.touch>[0]) => {
        touches++;
        await store.touch(entries);
      },
    };
    const { manager, open, advance, runTimers } = createFixture({ policy, store: counted });
    const { record, token } = await manager.create();
    advance(2 * MINUTE);
    for (let count = 0; count < 50; count++) await open(token);
    await runTimers();
    expect(touches).toBe(1);
    expect((await store.get(record.id))?.record).toMatchObject({
      lastSeenAt: record.createdAt + 2 * MINUTE,
      version: 1,
    });
  });

  it("do not end an active session whose activity cannot be written; the event `failed` reports the fault", async () => {
    const store = memoryStore();
    const { manager, findRefusal, advance, runTimers, emitted } = createFixture({
      store: { ...store, touch: () => Promise.reject(new Error("down")) },
    });
    const { token } = await manager.create();
    advance(5 * MINUTE);
    expect(await findRefusal(token)).toBeNull();
    await runTimers();
    expect(emitted).toContain("failed");
  });

  it("can be set for a single session", async () => {
    const { manager, findRefusal, advance } = createFixture({ policy });
    const { token } = await manager.create({ idleTimeout: MINUTE });
    advance(MINUTE);
    expect(await findRefusal(token)).toBe("expired");
  });
});

describe("elevate()", () => {
  it("adds an elevation for one scope and duration, and issues a new token", async () => {
    const { manager, open, advance } = createFixture();
    const { token } = await manager.create({ subject: "alice" });
    const session = await open(token);
    expect(() => session.requireElevated("payment")).toThrow(
      expect.objectContaining({ code: "REAUTHENTICATION_REQUIRED" }),
    );
    await session.elevate("payment", 5 * MINUTE);
    const { token: next } = await session.commit();
    expect((await open(token)).isElevated("payment")).toBe(false);
    const elevated = await open(next ?? "");
    elevated.requireElevated("payment");
    expect(elevated.isElevated("email")).toBe(false);
    advance(5 * MINUTE);
    expect(elevated.isElevated("payment")).toBe(false);
  });

  it("adds an elevation that ends at the next login", async () => {
    const { manager, open } = createFixture();
    const { record } = await manager.create({ subject: "alice" });
    await manager.elevate(record.id, "payment", MINUTE);
    const { token } = await manager.authenticate(record.id, "alice");
    expect((await open(token)).isElevated("payment")).toBe(false);
  });

  it("throws SESSION_REQUIRED for an anonymous session", async () => {
    const { manager } = createFixture();
    const { record } = await manager.create();
    expect(await catchErrorCode(manager.elevate(record.id, "payment", MINUTE))).toBe("SESSION_REQUIRED");
    expect(() => manager.begin().requireElevated("payment")).toThrow(
      expect.objectContaining({ code: "SESSION_REQUIRED" }),
    );
  });
});

describe("revoking and deleting sessions", () => {
  it("revoke() throws STORE_UNAVAILABLE if the store could not check the request's token", async () => {
    const session = createFixture().manager.begin(undefined, { refusal: "unavailable" });
    expect(await catchErrorCode(session.revoke())).toBe("STORE_UNAVAILABLE");
    expect(session.commit()).toMatchObject({ state: "unchanged" });
  });

  it("revoke() ends one session, all sessions of a subject except one, all sessions of a tenant, or all sessions", async () => {
    const { manager, findRefusal } = createFixture();
    const make = (subject: string, tenant: string) => manager.create({ subject, tenant });
    const [a1, a2, a3] = [await make("alice", "x"), await make("alice", "x"), await make("alice", "y")];
    const [b1, c1] = [await make("bob", "y"), await make("carol", "z")];
    expect(await manager.revoke({ session: a1.record.id }, "logout", { wait: "everywhere" })).toBe(1);
    expect(await manager.revoke({ session: a1.record.id })).toBe(0);
    expect(await manager.revoke({ subject: "alice", except: a3.record.id })).toBe(1);
    expect(await Promise.all([a1, a2, a3].map(({ token }) => findRefusal(token)))).toEqual([
      "revoked",
      "revoked",
      null,
    ]);
    expect(await manager.revoke({ tenant: "y" })).toBe(2);
    expect(await findRefusal(b1.token)).toBe("revoked");
    expect(await findRefusal(c1.token)).toBeNull();
    expect(await manager.revoke({ everyone: true })).toBe(1);
    expect(await findRefusal(c1.token)).toBe("revoked");
  });

  it.each(["../etc/passwd", "", "x".repeat(1_000_000), "__proto__", "NaN"])(
    "find(), revoke() and patch() treat the malformed id %# as unknown",
    async (id) => {
      const { manager } = createFixture();
      expect(await manager.find(id)).toBeNull();
      expect(await manager.revoke({ session: id })).toBe(0);
      expect(await catchErrorCode(manager.patch(id, {}))).toBe("SESSION_NOT_FOUND");
    },
  );

  it("sweep() deletes an expired session after the retention", async () => {
    const { manager, advance } = createFixture({ policy: { idleTimeout: MINUTE } });
    await manager.create();
    advance(10 * MINUTE);
    expect(await manager.sweep(30 * MINUTE)).toBe(0);
    advance(30 * MINUTE);
    expect(await manager.sweep(30 * MINUTE)).toBe(1);
  });
});

describe("the event emitter", () => {
  it("emits every event, and causes a process warning if a listener throws", async () => {
    const { manager, emitted } = createFixture();
    manager.events.on("created", () => {
      throw new Error("listener");
    });
    const warned = new Promise((resolve) => process.once("warning", resolve));
    const { record } = await manager.create();
    expect(await warned).toMatchObject({ message: "listener" });
    await manager.authenticate(record.id, "alice");
    await manager.elevate(record.id, "payment", MINUTE);
    await manager.rotate(record.id);
    await manager.revoke({ session: record.id });
    expect(emitted).toEqual(["created", "authenticated", "elevated", "rotated", "revoked"]);
  });

  it("causes a process warning if the promise of a listener rejects", async () => {
    const { manager } = createFixture();
    manager.events.on("created", async () => {
      throw new Error("audit");
    });
    const warned = new Promise((resolve) => process.once("warning", resolve));
    await manager.create();
    expect(await warned).toMatchObject({ message: "audit" });
  });
});
