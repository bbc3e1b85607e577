import { describe, expect, it } from "vitest";
import { z } from "zod";
import { SessionManager } from "../../src/session/manager.ts";
import type { DataOptions } from "../../src/session/schema.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { codeOf } from "./harness.ts";

const secrets = ["a secret for these tests"];
const schema = z.object({ theme: z.enum(["light", "dark"]), visits: z.number().int().default(0) });
type Data = z.infer<typeof schema>;

const initial = (): Data => ({ theme: "light", visits: 0 });

describe("a schema of the data", () => {
  it("types and checks every write, and says where the fault is", async () => {
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

describe("a stored session of an older version", () => {
  async function storedByOldProgram(data: Record<string, string>, options: Partial<DataOptions<Data>>) {
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

  it("is migrated when read, and written so with its next change", async () => {
    const { manager, record, token } = await storedByOldProgram({ mode: "dark" }, { migrations });
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

  it("starts afresh when it cannot be migrated, logging nobody out", async () => {
    const { manager, token } = await storedByOldProgram({ mode: "purple" }, { migrations });
    const session = await manager.resume(token);
    if (!("commit" in session)) throw new Error("refused");
    expect({ ...session.data }).toEqual({ theme: "light", visits: 0 });
  });

  it("ends when the policy says so", async () => {
    const { manager, token, record } = await storedByOldProgram({ mode: "dark" }, { onUnreadable: "end" });
    expect((await manager.resume(token)).refusal).toBe("expired");
    expect(await codeOf(manager.patch(record.id, { visits: 1 }))).toBe("SESSION_EXPIRED");
  });
});
