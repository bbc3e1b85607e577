import { describe, expect, it } from "vitest";
import { catchErrorCode, createFixture } from "./fixtures.ts";

describe("a handle after commit()", () => {
  it("throws if authenticate(), elevate() or rotate() is called, and keeps the current token valid", async () => {
    const { manager, open, findRefusal } = createFixture();
    const { record, token } = await manager.create({ subject: "alice" });
    const session = await open(token);
    await session.commit();
    for (const act of [session.authenticate("bob"), session.elevate("pay", 1000), session.rotate()]) {
      expect(await catchErrorCode(act)).toBe("CONFLICT");
    }
    expect(await findRefusal(token)).toBeNull();
    expect(await manager.find(record.id)).toMatchObject({ version: 1, subject: "alice" });
  });

  it("creates no session, because the client could not receive its token", async () => {
    const { manager } = createFixture();
    const session = manager.begin();
    await session.commit();
    session.data.theme = "dark";
    expect(await catchErrorCode(session.save())).toBe("CONFLICT");
    expect(await catchErrorCode(session.authenticate("alice"))).toBe("CONFLICT");
    expect((await manager.stats()).total).toBe(0);
  });

  it("can still save data and revoke the session, because these changes need no new token", async () => {
    const { manager, open } = createFixture();
    const { record, token } = await manager.create();
    const session = await open(token);
    session.data.theme = "light";
    await session.commit();
    session.data.theme = "dark";
    await session.save();
    await session.patch({ views: 1 });
    expect((await manager.find(record.id))?.data).toEqual({ theme: "dark", views: 1 });
    await session.revoke();
    expect(await manager.find(record.id)).toMatchObject({ state: "revoked" });
  });
});
