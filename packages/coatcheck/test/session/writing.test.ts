import { describe, expect, it } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import { CoatcheckError } from "../../src/session/errors.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { catchErrorCode, createFixture } from "./fixtures.ts";

describe("a write", () => {
  it("is not lost if each of 20 concurrent requests changes a different field", async () => {
    const { manager, open } = createFixture();
    const { record, token } = await manager.create();
    const sessions = await Promise.all(Array.from({ length: 20 }, () => open(token)));
    await Promise.all(
      sessions.map(async (session, index) => {
        session.data[`field${index}`] = index;
        await session.commit();
      }),
    );
    expect(Object.keys((await manager.find(record.id))?.data ?? {})).toHaveLength(20);
  });

  it("by update() is not lost if 60 requests increment the same field at the same time", async () => {
    const { manager } = createFixture();
    const { record } = await manager.create();
    const increment = () => manager.update(record.id, (data) => ({ ...data, views: (data.views ?? 0) + 1 }));
    await Promise.all(Array.from({ length: 60 }, increment));
    expect((await manager.find(record.id))?.data).toEqual({ views: 60 });
  });

  it("of a slow request does not revive a revoked session", async () => {
    const { manager, open, findRefusal } = createFixture();
    const { record, token } = await manager.create({ subject: "alice" });
    const slow = await open(token);
    slow.data.theme = "dark";
    await (await open(token)).revoke();
    expect(await catchErrorCode(Promise.resolve(slow.commit()))).toBe("SESSION_REVOKED");
    expect(await findRefusal(token)).toBe("revoked");
    expect(await manager.find(record.id)).toMatchObject({ state: "revoked", reason: "logout", data: {} });
  });

  it("does not happen if the assigned values equal the stored values", async () => {
    const { manager, open } = createFixture();
    const { record, token } = await manager.create({ data: { cart: { apple: 1 }, list: [1] } });
    const session = await open(token);
    session.data.cart = { apple: 1 };
    expect(session.data.list).toEqual([1]);
    expect(await session.commit()).toMatchObject({ state: "touched", token: null });
    expect((await manager.find(record.id))?.version).toBe(1);
  });

  it("with `ifVersion` is accepted if only the first use of a new token was recorded since that version", async () => {
    const { manager, open } = createFixture();
    const { record } = await manager.create();
    const login = await manager.authenticate(record.id, "alice");
    await open(login.token);
    const { version } = login.record;
    expect((await manager.patch(record.id, { views: 1 }, { ifVersion: version })).data).toEqual({ views: 1 });
    expect(await catchErrorCode(manager.patch(record.id, { views: 2 }, { ifVersion: version }))).toBe(
      "CONFLICT",
    );
  });

  it("with `ifVersion` throws CONFLICT if the session has any other version", async () => {
    const { manager } = createFixture();
    const { record } = await manager.create();
    await manager.patch(record.id, { views: 1 }, { ifVersion: 1 });
    expect(await catchErrorCode(manager.patch(record.id, { views: 2 }, { ifVersion: 1 }))).toBe("CONFLICT");
    expect((await manager.find(record.id))?.data).toEqual({ views: 1 });
  });

  it("with `ifVersion` is compared with the stored version, even if the cache has an older copy", async () => {
    const store = memoryStore();
    const [here, elsewhere] = [0, 1].map(
      () => createFixture({ store, cache: createCache({ store, singleProcess: true }) }).manager,
    );
    if (!here || !elsewhere) throw new Error("Expected two managers.");
    const { record, token } = await here.create();
    await here.resume(token);
    await elsewhere.patch(record.id, { views: 1 });
    await here.patch(record.id, { theme: "dark" }, { ifVersion: 2 });
    expect((await here.find(record.id))?.data).toEqual({ views: 1, theme: "dark" });
    await Promise.all([here.close(), elsewhere.close()]);
  });

  it("that is acknowledged late does not replace a newer copy in the cache", async () => {
    const inner = memoryStore();
    const [stored, acknowledged] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const [begun, overtaken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let beforeRead = async () => {};
    const store: SessionStore = {
      ...inner,
      put: async (record, options) => {
        const outcome = await inner.put(record, options);
        if (record.data.views !== 1 || record.version !== 2) return outcome;
        stored.resolve();
        await acknowledged.promise;
        return outcome;
      },
      get: async (id) => {
        await beforeRead();
        return await inner.get(id);
      },
    };
    const clock = { now: () => Date.UTC(2026, 0, 1) };
    const cache = createCache({ store, singleProcess: true, clock, monotonic: () => 0 });
    const { manager, open, findRefusal } = createFixture({ store, cache, clock });
    const { record, token } = await manager.create({ subject: "alice" });
    await open(token);
    expect((await open(token)).tier).toBe("local");

    // Use another manager with the same cache, because writes of the same manager would wait for each other.
    const patch = createFixture({ store, cache, clock }).manager.patch(record.id, { views: 1 });
    await stored.promise;
    let attempts = 0;
    const update = manager.update(record.id, async () => {
      if (++attempts > 1) throw new RangeError("no");
      begun.resolve();
      await overtaken.promise;
      return {};
    });
    await begun.promise;
    const { token: next } = await manager.rotate(record.id);
    beforeRead = async () => {
      acknowledged.resolve();
      await patch;
    };
    overtaken.resolve();
    await expect(update).rejects.toThrow(RangeError);
    expect(await findRefusal(token)).toBe("superseded");
    expect((await open(next)).tier).toBe("local");
    await manager.close();
  });

  it("whose response is lost makes the next request read the store", async () => {
    const inner = memoryStore();
    let isLost = false;
    const lossy = async <Value>(response: Promise<Value>): Promise<Value> => {
      const value = await response;
      if (isLost) throw new CoatcheckError("STORE_UNAVAILABLE", "The response was lost.");
      return value;
    };
    const store: SessionStore = {
      ...inner,
      put: (record, options) => lossy(inner.put(record, options)),
      revoke: (scope, reason) => lossy(inner.revoke(scope, reason)),
    };
    const clock = { now: () => Date.UTC(2026, 0, 1) };
    const cache = createCache({ store, singleProcess: true, clock, monotonic: () => 0 });
    const { manager, open, findRefusal } = createFixture({ store, cache, clock });
    const acts: [(id: string) => Promise<unknown>, refused: string | null][] = [
      [(id) => manager.patch(id, { views: 1 }), null],
      [(id) => manager.rotate(id), "superseded"],
      [(id) => manager.revoke({ session: id }), "revoked"],
      [() => manager.revoke({ subject: "alice" }), "revoked"],
    ];
    for (const [act, refused] of acts) {
      const { record, token } = await manager.create({ subject: "alice" });
      await open(token);
      expect((await open(token)).tier).toBe("local");
      isLost = true;
      expect(await catchErrorCode(act(record.id))).toBe("STORE_UNAVAILABLE");
      isLost = false;
      expect(await findRefusal(token)).toBe(refused);
      if (refused === null) expect((await open(token)).data.views).toBe(1);
    }
    await manager.close();
  });

  it("with a flash message stores the message until it is read once", async () => {
    const { manager, open } = createFixture();
    const { token } = await manager.create();
    const writer = await open(token);
    writer.flash("notice", "Saved.");
    await writer.commit();
    const reader = await open(token);
    expect(await reader.takeFlash("notice")).toBe("Saved.");
    expect(await reader.takeFlash("notice")).toBeUndefined();
    await reader.commit();
    expect(await (await open(token)).takeFlash("notice")).toBeUndefined();
  });

  it("is rejected as a whole if it is too large or not JSON", async () => {
    const { manager, open } = createFixture();
    const { record, token } = await manager.create();
    const session = await open(token);
    session.data.theme = "x".repeat(70_000);
    expect(await catchErrorCode(Promise.resolve().then(() => session.commit()))).toBe("PAYLOAD_TOO_LARGE");
    expect(await catchErrorCode(manager.patch(record.id, { when: new Date() as never }))).toBe(
      "VALIDATION_FAILED",
    );
    expect(await catchErrorCode(manager.create({ metadata: { text: "x".repeat(5000) } }))).toBe(
      "PAYLOAD_TOO_LARGE",
    );
    expect((await manager.find(record.id))?.version).toBe(1);
    expect((await manager.stats()).total).toBe(1);
  });

  it("stores a copy, so that the caller's later changes of the object have no effect", async () => {
    const { manager } = createFixture();
    const data = { cart: { apple: 1 } };
    const { record } = await manager.create({ data });
    data.cart.apple = 2;
    expect((await manager.find(record.id))?.data).toEqual({ cart: { apple: 1 } });
  });
});
