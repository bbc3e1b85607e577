import { describe, expect, it } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import { CoatcheckError } from "../../src/session/errors.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { codeOf, harness } from "./harness.ts";

describe("writing", () => {
  it("loses none of 20 requests that each write their own field", async () => {
    const { manager, open } = harness();
    const { record, token } = await manager.create();
    const sessions = await Promise.all(Array.from({ length: 20 }, () => open(token)));
    await Promise.all(
      sessions.map(async (session, index) => {
        session.data[`field${index}`] = index;
        await session.commit();
      }),
    );
    const stored = await manager.find(record.id);
    expect(Object.keys(stored?.data ?? {})).toHaveLength(20);
    expect(stored?.version).toBe(21);
  });

  it("counts every one of 60 increments", async () => {
    const { manager } = harness();
    const { record } = await manager.create();
    const increment = () => manager.update(record.id, (data) => ({ ...data, views: (data.views ?? 0) + 1 }));
    await Promise.all(Array.from({ length: 60 }, increment));
    expect((await manager.find(record.id))?.data).toEqual({ views: 60 });
  });

  it("cannot bring back what was ended while a slow request wrote", async () => {
    const { manager, open, refusal } = harness();
    const { record, token } = await manager.create({ subject: "alice" });
    const slow = await open(token);
    slow.data.theme = "dark";
    await (await open(token)).revoke();
    expect(await codeOf(Promise.resolve(slow.commit()))).toBe("SESSION_REVOKED");
    expect(await refusal(token)).toBe("revoked");
    expect(await manager.find(record.id)).toMatchObject({ state: "revoked", reason: "logout", data: {} });
  });

  it("costs no write when nothing changed", async () => {
    const { manager, open } = harness();
    const { record, token } = await manager.create({ data: { cart: { apple: 1 }, list: [1] } });
    const session = await open(token);
    session.data.cart = { apple: 1 };
    expect(session.data.list).toEqual([1]);
    expect(await session.commit()).toMatchObject({ state: "touched", token: null });
    expect((await manager.find(record.id))?.version).toBe(1);
  });

  it("writes an older version only when that is asked for and true", async () => {
    const { manager } = harness();
    const { record } = await manager.create();
    await manager.patch(record.id, { views: 1 }, { ifVersion: 1 });
    expect(await codeOf(manager.patch(record.id, { views: 2 }, { ifVersion: 1 }))).toBe("CONFLICT");
    expect((await manager.find(record.id))?.data).toEqual({ views: 1 });
  });

  it("applies to the version it asks for, whatever copy is held here", async () => {
    const store = memoryStore();
    const [here, elsewhere] = [0, 1].map(
      () => harness({ store, cache: createCache({ store, single: true }) }).manager,
    );
    if (!here || !elsewhere) throw new Error("There are two managers.");
    const { record, token } = await here.create();
    await here.resume(token);
    await elsewhere.patch(record.id, { views: 1 });
    await here.patch(record.id, { theme: "dark" }, { ifVersion: 2 });
    expect((await here.find(record.id))?.data).toEqual({ views: 1, theme: "dark" });
    await Promise.all([here.close(), elsewhere.close()]);
  });

  it("puts no older copy into the cache, in whatever order its writes are acknowledged", async () => {
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
    const cache = createCache({ store, single: true, clock, monotonic: () => 0 });
    const { manager, open, refusal } = harness({ store, cache, clock });
    const { record, token } = await manager.create();
    await open(token);
    expect((await open(token)).tier).toBe("local");

    const patch = manager.patch(record.id, { views: 1 });
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
    expect(await refusal(token)).toBe("superseded");
    expect((await open(next)).tier).toBe("local");
    await manager.close();
  });

  it("asks the store again when its answer to a change was lost", async () => {
    const inner = memoryStore();
    let isLost = false;
    const losing = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
      const given = await answer;
      if (isLost) throw new CoatcheckError("STORE_UNAVAILABLE", "The answer was lost.");
      return given;
    };
    const store: SessionStore = {
      ...inner,
      put: (record, options) => losing(inner.put(record, options)),
      revoke: (scope, reason) => losing(inner.revoke(scope, reason)),
    };
    const clock = { now: () => Date.UTC(2026, 0, 1) };
    const cache = createCache({ store, single: true, clock, monotonic: () => 0 });
    const { manager, open, refusal } = harness({ store, cache, clock });
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
      expect(await codeOf(act(record.id))).toBe("STORE_UNAVAILABLE");
      isLost = false;
      expect(await refusal(token)).toBe(refused);
      if (refused === null) expect((await open(token)).data.views).toBe(1);
    }
    await manager.close();
  });

  it("keeps a message for exactly one reading", async () => {
    const { manager, open } = harness();
    const { token } = await manager.create();
    const writer = await open(token);
    writer.flash("notice", "Saved.");
    await writer.commit();
    const reader = await open(token);
    expect(reader.takeFlash("notice")).toBe("Saved.");
    expect(reader.takeFlash("notice")).toBeUndefined();
    await reader.commit();
    expect((await open(token)).takeFlash("notice")).toBeUndefined();
  });

  it("refuses what is too large or no JSON, and stores none of it", async () => {
    const { manager, open } = harness();
    const { record, token } = await manager.create();
    const session = await open(token);
    session.data.theme = "x".repeat(70_000);
    expect(await codeOf(Promise.resolve().then(() => session.commit()))).toBe("PAYLOAD_TOO_LARGE");
    expect(await codeOf(manager.patch(record.id, { when: new Date() as never }))).toBe("VALIDATION_FAILED");
    expect(await codeOf(manager.create({ metadata: { text: "x".repeat(5000) } }))).toBe("PAYLOAD_TOO_LARGE");
    expect((await manager.find(record.id))?.version).toBe(1);
    expect((await manager.stats()).total).toBe(1);
  });

  it("is not changed by what the caller does to its objects afterwards", async () => {
    const { manager } = harness();
    const data = { cart: { apple: 1 } };
    const { record } = await manager.create({ data });
    data.cart.apple = 2;
    expect((await manager.find(record.id))?.data).toEqual({ cart: { apple: 1 } });
  });
});
