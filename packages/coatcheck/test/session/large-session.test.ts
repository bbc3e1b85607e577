import { describe, expect, it, vi } from "vitest";
import { createCache } from "../../src/cache/cache.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { catchErrorCode, createFixture } from "./fixtures.ts";

/** Resolves in the next turn of the event loop. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("writes of a session with thousands of members", () => {
  const large = Object.fromEntries(Array.from({ length: 5000 }, (_item, index) => [`member${index}`, index]));
  const policy = { maxDataBytes: 1024 * 1024 };

  it("let the event loop run in between, even if the store responds at once", async () => {
    const { manager } = createFixture({ policy });
    const { record } = await manager.create({ data: large });
    let done = 0;
    const seen = new Set<number>();
    const writes = Array.from({ length: 60 }, async (_item, index) => {
      await manager.patch(record.id, { [`added${index}`]: 1 });
      done++;
    });
    const all = Promise.all(writes).then(() => "done");
    while ((await Promise.race([all, nextTurn()])) !== "done") seen.add(done);
    expect([...seen].filter((count) => count > 0 && count < 60).length).toBeGreaterThan(1);
    expect(Object.keys((await manager.find(record.id))?.data ?? {})).toHaveLength(5060);
  });

  it("do not serialize the whole data for each small patch", async () => {
    const store = memoryStore();
    const cache = createCache({ store, singleProcess: true });
    const { manager, open } = createFixture({ policy, store, cache });
    const { record, token } = await manager.create({ data: large });
    const session = await open(token);
    await session.patch({ first: 1 });
    const stringify = vi.spyOn(JSON, "stringify");
    await session.patch({ small: 1 });
    session.data.views = 1;
    await session.save();
    const lengths = stringify.mock.results.map(({ value }) => String(value).length);
    stringify.mockRestore();
    expect(Math.max(...lengths)).toBeLessThan(100);
    expect((await manager.find(record.id))?.data).toMatchObject({ small: 1, views: 1 });
  });

  it("are accepted up to the exact size limit, also after many patches that replace the same member", async () => {
    const { manager } = createFixture({ policy: { maxDataBytes: 200 } });
    const { record } = await manager.create();
    for (let round = 0; round < 20; round++) await manager.patch(record.id, { text: "x".repeat(100) });
    const exact = 200 - JSON.stringify({ text: "x".repeat(100), more: "" }).length;
    await manager.patch(record.id, { more: "é".repeat(Math.floor(exact / 2)) });
    await manager.patch(record.id, { more: "y".repeat(exact) });
    expect(await catchErrorCode(manager.patch(record.id, { more: "y".repeat(exact + 1) }))).toBe(
      "PAYLOAD_TOO_LARGE",
    );
    expect(await catchErrorCode(manager.patch(record.id, { a: 1 }))).toBe("PAYLOAD_TOO_LARGE");
  });

  it("are refused if the assignments together exceed the size limit", async () => {
    const { manager, open } = createFixture({ policy: { maxDataBytes: 200 } });
    const session = await open((await manager.create()).token);
    session.data.first = "x".repeat(100);
    await session.save();
    session.data.second = "x".repeat(100);
    expect(await catchErrorCode(session.save())).toBe("PAYLOAD_TOO_LARGE");
  });
});
