import { expect, it } from "vitest";
import { createFixture } from "./fixtures.ts";

it("others() lists the subject's other live sessions, and revokeOthers() ends them", async () => {
  const { manager, open, advance } = createFixture();
  const here = await manager.create({ subject: "ada" });
  advance(1);
  const phone = await manager.create({ subject: "ada" });
  advance(1);
  const laptop = await manager.create({ subject: "ada" });
  const ended = await manager.create({ subject: "ada" });
  await manager.revoke({ session: ended.record.id });
  const stranger = await manager.create({ subject: "eve" });
  const session = await open(here.token);
  expect((await session.others()).map(({ id }) => id)).toEqual([laptop.record.id, phone.record.id]);
  expect(await session.revokeOthers("credentials-changed")).toBe(2);
  expect(await manager.find(phone.record.id)).toMatchObject({
    state: "revoked",
    reason: "credentials-changed",
  });
  expect(await session.others()).toEqual([]);
  expect(await manager.find(here.record.id)).toMatchObject({ state: "active" });
  expect(await manager.find(stranger.record.id)).toMatchObject({ state: "active" });
});

it("others() and revokeOthers() of an anonymous session throw SESSION_REQUIRED", async () => {
  const { manager, open } = createFixture();
  await manager.create({ subject: "ada" });
  const stored = await open((await manager.create()).token);
  for (const session of [stored, manager.begin()] as (typeof stored)[]) {
    await expect(session.others()).rejects.toMatchObject({ code: "SESSION_REQUIRED" });
    await expect(session.revokeOthers()).rejects.toMatchObject({ code: "SESSION_REQUIRED" });
  }
  expect((await manager.stats()).active).toBe(2);
});
