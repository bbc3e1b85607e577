import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/store/memory.ts";
import { makeFullRecord } from "../../src/testing/records.ts";
import { storeContract } from "../../src/testing/store-suite.ts";

storeContract({ describe, it }, { name: "memory", open: () => ({ store: memoryStore() }) });

describe("memory store", () => {
  it("hands out records that nobody can alter", async () => {
    const store = memoryStore();
    const given = makeFullRecord();
    await store.put(given, { expectedVersion: 0, change: "data" });
    expect(Object.isFrozen(given.data)).toBe(false);
    const record = (await store.get(given.id))?.record;
    expect(Object.isFrozen(record)).toBe(true);
    expect(Object.isFrozen(record?.data.cart)).toBe(true);
    expect(Object.isFrozen(record?.client)).toBe(true);
  });
});
