import { once } from "node:events";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { z } from "zod";
import { SessionManager } from "../../src/session/manager.ts";
import type { DataOptions } from "../../src/session/schema.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { catchErrorCode } from "./fixtures.ts";

const secrets = ["a secret for these tests"];
const schema = z.object({ theme: z.enum(["light", "dark"]), visits: z.number().int().default(0) });
type Data = z.infer<typeof schema>;

const initial = (): Data => ({ theme: "light", visits: 0 });

describe("a data schema", () => {
  it("validates every write, and the error contains the path of the fault", async () => {
    const manager = new SessionManager({ store: memoryStore(), secrets, data: { schema, initial } });
    const { record } = await manager.create();
    expect(record.data).toEqual({ theme: "light", visits: 0 });
    await expect(manager.patch(record.id, { theme: "blue" })).rejects.toMatchObject({
      code: "VALIDATION_FAILED",
      faults: [{ path: "data.theme" }],
    });
    await manager.update(record.id, (data) => ({ ...data, visits: data.visits + 1 }));
    expect((await manager.find(record.id))?.data).toEqual({ theme: "light", visits: 1 });
  });
});

it("the SessionManager constructor rejects initial data that does not match the schema", () => {
  const options = { store: memoryStore(), secrets };
  expect(() => new SessionManager({ ...options, data: { schema } })).toThrow(
    expect.objectContaining({
      code: "VALIDATION_FAILED",
      faults: [expect.objectContaining({ path: "data.theme" })],
    }),
  );
  const later = schema.refine(async () => true);
  expect(() => new SessionManager({ ...options, data: { schema: later, initial } })).toThrow(/synchronous/);
});

it.each([
  [{ version: 0 }, "version must be a whole number from 1 (got 0)"],
  [{ version: 1.5 }, "version must be a whole number from 1 (got 1.5)"],
  [{ version: 2 }, "migrations[1] is missing"],
  [{ version: 3, migrations: { 1: (data: object) => data } }, "migrations[2] is missing"],
  [{ version: 2, migrations: { 2: (data: object) => data } }, "migrations[2] would never run"],
  [{ version: 2, migrations: { v1: (data: object) => data } }, "migrations[v1] would never run"],
  [{ version: 2, migrations: { 1: {} } }, "migrations[1] must be a function"],
])("the SessionManager constructor rejects the data options %j: %s", (data, message) => {
  expect(() => new SessionManager({ store: memoryStore(), secrets, data: data as never })).toThrow(
    expect.objectContaining({
      name: "UsageError",
      code: "VALIDATION_FAILED",
      message: expect.stringContaining(message),
      faults: [expect.objectContaining({ path: message.split(" ")[0] })],
    }),
  );
});

describe("a stored session with older data", () => {
  async function storeWithOlderVersion(data: Record<string, string>, options: Partial<DataOptions<Data>>) {
    const store = memoryStore();
    const { record, token } = await new SessionManager({ store, secrets }).create({ data });
    const manager = new SessionManager<Data>({
      store,
      secrets,
      data: { schema, initial, version: 2, ...options },
    });
    return { manager, record, token };
  }
  const migrations = { 1: (data: object) => ({ theme: "mode" in data ? String(data.mode) : "light" }) };

  it("is migrated when it is read, and the next change stores the migrated data", async () => {
    const { manager, record, token } = await storeWithOlderVersion({ mode: "dark" }, { migrations });
    const session = await manager.resume(token);
    if (!("commit" in session)) throw new Error("refused");
    expect({ ...session.data }).toEqual({ theme: "dark", visits: 0 });
    session.data.visits = 1;
    await session.commit();
    expect(await manager.find(record.id)).toMatchObject({
      dataVersion: 2,
      data: { theme: "dark", visits: 1 },
    });
  });

  it("gets initial data if its migration returns undefined, which causes the event `failed` and one warning", async () => {
    const warning = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    onTestFinished(() => warning.mockRestore());
    for (let round = 0; round < 2; round++) {
      const { manager, token } = await storeWithOlderVersion(
        { mode: "dark" },
        { migrations: { 1: (() => {}) as never } },
      );
      const failed = once(manager.events, "failed");
      const session = await manager.resume(token);
      if (!("commit" in session)) throw new Error("refused");
      expect({ ...session.data }).toEqual(initial());
      const [{ operation, error }] = await failed;
      expect(operation).toBe("migrate");
      expect(String(error)).toContain("migrations[1] of session data returned undefined");
    }
    expect(warning).toHaveBeenCalledTimes(1);
    expect(warning.mock.calls[0]).toMatchObject([
      expect.stringContaining("migrations[1]"),
      { code: "COATCHECK_MIGRATION" },
    ]);
  });

  it("gets initial data if its migration fails, but stays logged in, and the event `failed` is emitted", async () => {
    const { manager, token } = await storeWithOlderVersion({ mode: "purple" }, { migrations });
    const failed = once(manager.events, "failed");
    const session = await manager.resume(token);
    if (!("commit" in session)) throw new Error("refused");
    expect({ ...session.data }).toEqual({ theme: "light", visits: 0 });
    expect(await failed).toMatchObject([
      { operation: "migrate", error: { faults: [{ path: "data.theme" }] } },
    ]);
  });

  it("expires if its migration fails and `onUnreadable` is `end`", async () => {
    const { manager, token, record } = await storeWithOlderVersion({ mode: "dark" }, { onUnreadable: "end" });
    expect((await manager.resume(token)).refusal).toBe("expired");
    expect(await catchErrorCode(manager.patch(record.id, { visits: 1 }))).toBe("SESSION_EXPIRED");
  });
});

describe("a stored session with data of a newer schema version", () => {
  const ahead = { text: "large", visits: 7 };

  async function storeWithNewerVersion(data: Partial<DataOptions<Data>> | undefined) {
    const store = memoryStore();
    const next = new SessionManager({
      store,
      secrets,
      data: { version: 2, migrations: { 1: (data) => data } },
    });
    const { record, token } = await next.create({ data: ahead });
    const manager = new SessionManager<Data>({ store, secrets, ...(data ? { data } : {}) });
    return { manager, record, token, next };
  }

  it("has initial data in an older deployment, which cannot change the stored data", async () => {
    const { manager, record, token, next } = await storeWithNewerVersion({ schema, initial });
    const session = await manager.resume(token);
    if (!("commit" in session)) throw new Error("refused");
    expect({ ...session.data }).toEqual(initial());
    session.data.visits = 1;
    await expect(session.commit()).rejects.toMatchObject({ code: "CONFLICT", retryAfter: 1 });
    expect(await catchErrorCode(manager.patch(record.id, { visits: 1 }))).toBe("CONFLICT");
    expect(await next.find(record.id)).toMatchObject({
      data: ahead,
      dataVersion: 2,
      version: record.version,
    });
  });

  it("keeps its data when an older deployment logs a user in", async () => {
    const { manager, record, token, next } = await storeWithNewerVersion({ schema, initial });
    const session = await manager.resume(token);
    if (!("commit" in session)) throw new Error("refused");
    await session.authenticate("ada");
    expect(await next.find(record.id)).toMatchObject({ subject: "ada", data: ahead, dataVersion: 2 });
  });

  it("gets initial data in an older deployment whose `onUnreadable` is `reset`", async () => {
    const { manager, record } = await storeWithNewerVersion({ schema, initial, onUnreadable: "reset" });
    await manager.patch(record.id, { visits: 1 });
    expect(await manager.find(record.id)).toMatchObject({
      data: { theme: "light", visits: 1 },
      dataVersion: 1,
    });
  });

  it("is read and changed without migration by a manager without schema and version", async () => {
    const { manager, record, token } = await storeWithNewerVersion(undefined);
    await manager.patch(record.id, { visits: 8 });
    const session = await manager.resume(token);
    if (!("commit" in session)) throw new Error("refused");
    await session.authenticate("ada");
    expect(await manager.find(record.id)).toMatchObject({
      data: { text: "large", visits: 8 },
      dataVersion: 2,
    });
  });
});
