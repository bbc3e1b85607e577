import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/store/memory.ts";
import { makeFullRecord } from "../../src/testing/records.ts";
import { storeContract } from "../../src/testing/store-suite.ts";

storeContract({ describe, it }, { name: "memory", open: () => ({ store: memoryStore() }) });

describe("memoryStore", () => {
  it("returns deeply frozen records", async () => {
    const store = memoryStore();
    const original = makeFullRecord();
    await store.put(original, { expectedVersion: 0, change: "data" });
    expect(Object.isFrozen(original.data)).toBe(false);
    const record = (await store.get(original.id))?.record;
    expect(Object.isFrozen(record)).toBe(true);
    expect(Object.isFrozen(record?.data.cart)).toBe(true);
    expect(Object.isFrozen(record?.client)).toBe(true);
  });
});
