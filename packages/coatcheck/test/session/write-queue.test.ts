import { describe, expect, it } from "vitest";
import { CoatcheckError } from "../../src/session/errors.ts";
import type { SessionRecord } from "../../src/session/record.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { catchErrorCode, createFixture } from "./fixtures.ts";

/** Creates a memory store whose writes a test can count, delay and make fail. */
function createObservedStore() {
  const inner = memoryStore();
  let gate = Promise.resolve();
  const observed = {
    puts: 0,
    /** Runs before each write. */
    beforeWrite: async (_record: SessionRecord) => {},
    /** Runs after each write. If it throws, the response to the write is lost. */
    afterWrite: async (_record: SessionRecord) => {},
    /** Holds back every write until the returned function is called. */
    holdWrites: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
    inner,
  };
  const store: SessionStore = {
    ...inner,
    put: async (record, options) => {
      await gate;
      await observed.beforeWrite(record);
      observed.puts++;
      const outcome = await inner.put(record, options);
      await observed.afterWrite(record);
      return outcome;
    },
  };
  return { store, observed };
}

async function setUp() {
  const { store, observed } = createObservedStore();
  const fixture = createFixture({ store });
  const { record, token } = await fixture.manager.create();
  observed.puts = 0;
  const { id } = record;
  const dataOf = async () => (await fixture.manager.find(id))?.data;
  return { ...fixture, observed, id, token, dataOf };
}

/** Waits until all started requests have reached the write queue. */
const untilQueued = () => new Promise((resolve) => setImmediate(resolve));

describe("concurrent writes of one session", () => {
  it("are all stored in a few commits when 400 patches run in parallel", async () => {
    const { manager, observed, id, dataOf } = await setUp();
    const names = Array.from({ length: 400 }, (_item, index) => `field${index}`);
    await Promise.all(names.map((name) => manager.patch(id, { [name]: 1 })));
    expect(Object.keys((await dataOf()) ?? {})).toHaveLength(400);
    expect(observed.puts).toBeLessThanOrEqual(6);
  });

  it("are split into smaller commits if the session is large", async () => {
    const { manager, observed, id, dataOf } = await setUp();
    await manager.patch(id, { text: "x".repeat(60_000) });
    observed.puts = 0;
    const names = Array.from({ length: 400 }, (_item, index) => `field${index}`);
    await Promise.all(names.map((name) => manager.patch(id, { [name]: 1 })));
    expect(Object.keys((await dataOf()) ?? {})).toHaveLength(401);
    expect(observed.puts).toBeGreaterThan(20);
    expect(observed.puts).toBeLessThanOrEqual(42);
  });

  it("return the stored record to each writer", async () => {
    const { manager, id } = await setUp();
    const records = await Promise.all(
      [1, 2, 3].map((value) => manager.patch(id, { [`field${value}`]: value })),
    );
    for (const [index, record] of records.entries()) expect(record.data[`field${index + 1}`]).toBe(index + 1);
    expect(records.at(-1)).toEqual(await manager.find(id));
  });

  it("reject only the writer whose patch is invalid", async () => {
    const { manager, observed, id, dataOf } = await setUp();
    const release = observed.holdWrites();
    const codes = Promise.all([
      catchErrorCode(manager.patch(id, { first: 1 })),
      catchErrorCode(manager.patch(id, { second: 2 })),
      catchErrorCode(manager.patch(id, { text: "x".repeat(64_900), more: "x".repeat(500) })),
      catchErrorCode(manager.patch(id, { more: "x".repeat(500), other: "x".repeat(500) })),
      catchErrorCode(manager.update(id, () => JSON.parse('"no object"'))),
      catchErrorCode(manager.patch(id, { third: 3 })),
    ]);
    await untilQueued();
    release();
    expect(await codes).toEqual([null, null, null, "PAYLOAD_TOO_LARGE", "VALIDATION_FAILED", null]);
    expect(await dataOf()).toMatchObject({ first: 1, second: 2, third: 3 });
    expect(observed.puts).toBe(2);
  });

  it("are all rejected and not retried if the outcome of their commit is unknown", async () => {
    const { manager, observed, id, dataOf } = await setUp();
    const increment = () => manager.update(id, (data) => ({ ...data, views: (data.views ?? 0) + 1 }));
    const release = observed.holdWrites();
    const first = increment();
    await untilQueued();
    const batch = [increment(), increment(), increment()];
    await untilQueued();
    observed.afterWrite = async ({ version }) => {
      if (version === 3) throw new CoatcheckError("STORE_UNAVAILABLE", "The response was lost.");
    };
    release();
    await first;
    expect(await Promise.all(batch.map(catchErrorCode))).toEqual(Array(3).fill("STORE_UNAVAILABLE"));
    expect(await dataOf()).toEqual({ views: 4 });
    expect(observed.puts).toBe(2);
    expect((await increment()).data).toEqual({ views: 5 });
  });

  it("with `ifVersion` are compared with the versions of earlier changes in the same commit", async () => {
    const { manager, observed, id, dataOf } = await setUp();
    const release = observed.holdWrites();
    const first = manager.patch(id, { first: 1 });
    await untilQueued();
    const batch = Promise.all([
      catchErrorCode(manager.patch(id, { a: 1 }, { ifVersion: 1 })),
      catchErrorCode(manager.patch(id, { b: 1 })),
      catchErrorCode(manager.patch(id, { c: 1 }, { ifVersion: 2 })),
    ]);
    await untilQueued();
    release();
    await first;
    expect(await batch).toEqual(["CONFLICT", null, "CONFLICT"]);
    expect(await dataOf()).toEqual({ first: 1, b: 1 });
    const [one, other] = [{ d: 1 }, { e: 1 }].map((patch) =>
      catchErrorCode(manager.patch(id, patch, { ifVersion: 3 })),
    );
    expect([await one, await other]).toEqual([null, "CONFLICT"]);
  });
});

describe("a change of privilege", () => {
  it("lets earlier writes with the older token finish, and rejects later writes with that token", async () => {
    const { manager, observed, open, id, token, dataOf } = await setUp();
    const [before, login, after] = [await open(token), await open(token), await open(token)];
    const release = observed.holdWrites();
    const first = manager.patch(id, { first: 1 });
    await untilQueued();
    const results = Promise.all([
      catchErrorCode(before.patch({ before: 1 })),
      catchErrorCode(login.authenticate("alice")),
      catchErrorCode(after.patch({ after: 1 })),
    ]);
    await untilQueued();
    release();
    await first;
    expect(await results).toEqual([null, null, "CONFLICT"]);
    expect(await dataOf()).toEqual({ first: 1, before: 1 });
    expect(observed.puts).toBe(3);
  });
});

describe("the write queue", () => {
  it("rejects writes with RATE_LIMITED while 1,000 writes wait, and accepts writes afterwards", async () => {
    const { manager, observed, id, dataOf } = await setUp();
    const release = observed.holdWrites();
    const first = manager.patch(id, { views: 0 });
    await untilQueued();
    const codes = Promise.all(
      Array.from({ length: 1001 }, (_item, index) => catchErrorCode(manager.patch(id, { views: index }))),
    );
    await untilQueued();
    release();
    await first;
    expect(await codes).toEqual([...Array(1000).fill(null), "RATE_LIMITED"]);
    expect(await dataOf()).toEqual({ views: 999 });
    expect(await catchErrorCode(manager.patch(id, { views: 1 }))).toBeNull();
  });

  it("rejects further writes with RATE_LIMITED while 8 MiB of changes are queued", async () => {
    const { manager, observed, id } = await setUp();
    const release = observed.holdWrites();
    const first = manager.patch(id, { views: 0 });
    await untilQueued();
    const text = "x".repeat(65_000);
    const codes = Promise.all(Array.from({ length: 140 }, () => catchErrorCode(manager.patch(id, { text }))));
    await untilQueued();
    let later: Promise<string | null> | undefined;
    observed.beforeWrite = async ({ version }) => {
      // Version 3 has stored the first batch, so the bytes of that batch no longer count toward the limit when version
      // 4 is written.
      if (version === 4) later ??= catchErrorCode(manager.patch(id, { text }));
    };
    release();
    await first;
    const refused = (await codes).filter((code) => code === "RATE_LIMITED");
    expect(refused).toHaveLength(140 - Math.floor((8 * 1024 * 1024) / JSON.stringify({ text }).length));
    expect(await later).toBeNull();
  });

  it("does not wait for a slow update(), and calls its callback again with the newer data", async () => {
    const { manager, id, dataOf } = await setUp();
    const [begun, finished] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const seen: unknown[] = [];
    const update = manager.update(id, async (data) => {
      seen.push(data);
      begun.resolve();
      await finished.promise;
      return { ...data, slow: true };
    });
    await begun.promise;
    await manager.patch(id, { fast: true });
    finished.resolve();
    expect((await update).data).toEqual({ fast: true, slow: true });
    expect(seen).toEqual([{}, { fast: true }]);
    expect(await dataOf()).toEqual({ fast: true, slow: true });
  });
});

describe("two managers on one store", () => {
  it("store all of 400 parallel patches", async () => {
    const { store, observed } = createObservedStore();
    const schedule = (_delay: number, task: () => void) => {
      const immediate = setImmediate(task);
      return () => clearImmediate(immediate);
    };
    const managers = [1, 2].map(() => createFixture({ store, schedule }).manager);
    const id = (await managers[0]?.create())?.record.id ?? "";
    observed.beforeWrite = async () => void (await untilQueued());
    await Promise.all(
      managers.flatMap((manager, node) =>
        Array.from({ length: 200 }, (_item, index) => manager.patch(id, { [`node${node}_${index}`]: 1 })),
      ),
    );
    expect(Object.keys((await managers[0]?.find(id))?.data ?? {})).toHaveLength(400);
  });

  it("pause after the n-th conflict (n > 1) for a random time of up to 2^n ms, but never for more than 100 ms", async () => {
    const { store, observed } = createObservedStore();
    const delays: number[] = [];
    const schedule = (delay: number, task: () => void) => {
      delays.push(delay);
      queueMicrotask(task);
      return () => {};
    };
    const random = (bytes: Uint8Array) => void bytes.fill(255);
    const { manager } = createFixture({ store, schedule, random });
    const { record } = await manager.create();
    const other = createFixture({ store: observed.inner }).manager;
    let conflicts = 10;
    observed.beforeWrite = async () => {
      if (conflicts-- > 0) await other.patch(record.id, { other: conflicts });
    };
    await manager.patch(record.id, { mine: 1 });
    expect(delays).toEqual([4, 8, 16, 32, 64, 100, 100, 100]);
    expect((await manager.find(record.id))?.data).toEqual({ mine: 1, other: 0 });
  });
});
