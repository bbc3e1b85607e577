import { describe, expect, it } from "vitest";
import type { Session } from "../../src/session/session.ts";
import { catchErrorCode, createFixture, type Data } from "./fixtures.ts";

describe("session.data", () => {
  it("returns the same writable object after a write and after a login", async () => {
    const { manager, open } = createFixture();
    const { record, token } = await manager.create({ data: { cart: { pear: 1 } } });
    const session = await open(token);
    const { data } = session;
    const { cart = {} } = data;
    data.theme = "dark";
    await session.save();
    data.views = 1;
    cart.apple = 2;
    await session.authenticate("alice");
    expect(session.data).toBe(data);
    data.views = 2;
    cart.plum = 3;
    delete cart.pear;
    await session.commit();
    expect((await manager.find(record.id))?.data).toEqual({
      theme: "dark",
      views: 2,
      cart: { apple: 2, plum: 3 },
    });
  });

  it("contains the changes of another request once this request has written", async () => {
    const { manager, open } = createFixture();
    const { record, token } = await manager.create({ data: { cart: { pear: 1 } } });
    const session = await open(token);
    const { cart = {} } = session.data;
    await manager.patch(record.id, { cart: { plum: 1 } });
    cart.apple = 1;
    await session.save();
    expect(cart).toEqual({ pear: 1, plum: 1, apple: 1 });
  });

  it("is empty after a change of subject", async () => {
    const { manager, open } = createFixture();
    const { record, token } = await manager.create({ subject: "alice", data: { cart: { pear: 1 } } });
    const session = await open(token);
    const { data } = session;
    data.theme = "dark";
    await session.authenticate("bob");
    expect(data).toEqual({});
    data.views = 1;
    await session.commit();
    expect((await manager.find(record.id))?.data).toEqual({ views: 1 });
  });

  it("keeps assignments and flash messages made during a write, and stores them with the next write", async () => {
    const { manager, open } = createFixture();
    const { record, token } = await manager.create({ data: { cart: { pear: 1 } } });
    const session = await open(token);
    session.data.theme = "dark";
    session.flash("first", 1);
    const saving = session.save();
    session.data.theme = "light";
    session.data.cart = { plum: 1 };
    session.flash("second", 2);
    await saving;
    expect((await manager.find(record.id))?.data).toEqual({ theme: "dark", cart: { pear: 1 } });
    await session.commit();
    expect(await manager.find(record.id)).toMatchObject({
      data: { theme: "light", cart: { plum: 1 } },
      flash: { first: 1, second: 2 },
    });
  });

  it("stores a flash message only once, even if another request has taken it in the meantime", async () => {
    const { manager, open } = createFixture();
    const { token } = await manager.create();
    const [one, other] = [await open(token), await open(token)];
    one.flash("notice", "saved");
    await one.save();
    const reader = await open(token);
    expect(await reader.takeFlash("notice")).toBe("saved");
    await reader.commit();
    one.data.views = 1;
    await one.commit();
    expect(await other.takeFlash("notice")).toBeUndefined();
    expect(await (await open(token)).takeFlash("notice")).toBeUndefined();
  });
});

describe("concurrent writes of one handle", () => {
  it("run one after the other, and create only one new session", async () => {
    const { manager } = createFixture();
    const session = manager.begin();
    await Promise.all([
      session.patch({ theme: "dark" }),
      session.patch({ views: 1 }),
      session.authenticate("alice"),
    ]);
    expect(session.record).toMatchObject({ subject: "alice", data: { theme: "dark", views: 1 } });
    expect((await manager.stats()).total).toBe(1);
  });

  it("invalidate all tokens except the last one that they issue", async () => {
    const { manager, open, findRefusal } = createFixture();
    const { record, token } = await manager.create({ subject: "alice" });
    const session = await open(token);
    await Promise.all([session.rotate(), session.patch({ views: 1 }), session.elevate("pay", 1000)]);
    const { token: next } = await session.commit();
    expect([await findRefusal(next ?? ""), await findRefusal(token)]).toEqual([null, "superseded"]);
    expect((await manager.find(record.id))?.data).toEqual({ views: 1 });
  });

  it("continue after one write has failed", async () => {
    const { manager, open } = createFixture();
    const { record, token } = await manager.create();
    const session = await open(token);
    const codes = [
      session.patch({ cart: { pear: 1 } }),
      session.elevate("pay", 1000),
      session.update(() => JSON.parse('{ "__proto__": 1 }')),
      session.patch({ cart: { plum: 1 } }),
    ].map(catchErrorCode);
    expect(await Promise.all(codes)).toEqual([null, "SESSION_REQUIRED", "VALIDATION_FAILED", null]);
    expect((await manager.find(record.id))?.data).toEqual({ cart: { pear: 1, plum: 1 } });
  });

  it("finish before commit() resolves, even if the handler does not await them", async () => {
    const { manager, open, findRefusal } = createFixture();
    const { token } = await manager.create();
    const session = await open(token);
    const forgotten = session.authenticate("alice");
    const { state, token: next } = await session.commit();
    expect(state).toBe("rotated");
    expect(await findRefusal(next ?? "")).toBeNull();
    await forgotten;
    const ended = await open(next ?? "");
    const leaving = ended.revoke();
    expect((await ended.commit()).state).toBe("revoked");
    await leaving;
  });
});

describe("a request whose session expires while it runs", () => {
  const DAY = 24 * 60 * 60 * 1000;
  const acts: Record<string, (session: Session<Data>) => Promise<unknown>> = {
    saves: (session) => session.patch({ theme: "dark" }),
    elevates: (session) => session.elevate("pay", 1000),
    rotates: (session) => session.rotate(),
  };
  for (const [name, act] of Object.entries(acts)) {
    it(`does not revive the session when it ${name}`, async () => {
      const { manager, open, advance, findRefusal } = createFixture();
      const { token } = await manager.create({ subject: "alice" });
      const session = await open(token);
      advance(DAY);
      expect(await catchErrorCode(act(session))).toBe("SESSION_EXPIRED");
      expect(await findRefusal(token)).toBe("expired");
    });
  }

  it("creates a new session when it logs in", async () => {
    const { manager, open, advance, findRefusal } = createFixture();
    const { record, token } = await manager.create({ subject: "alice" });
    const session = await open(token);
    advance(DAY);
    await session.authenticate("alice");
    expect(session.id).not.toBe(record.id);
    expect(await findRefusal(token)).toBe("expired");
    expect(await findRefusal((await session.commit()).token ?? "")).toBeNull();
  });

  it("can save if another request has extended the session, and can log out even if no request has", async () => {
    const { manager, open, advance, findRefusal } = createFixture();
    const { record, token } = await manager.create();
    const [upload, late] = [await open(token), await open(token)];
    advance(DAY - 1);
    await manager.patch(record.id, { views: 1 });
    advance(2);
    await upload.patch({ theme: "dark" });
    expect((await manager.find(record.id))?.data).toEqual({ theme: "dark", views: 1 });
    advance(DAY);
    await late.revoke();
    expect(await findRefusal(token)).toBe("revoked");
  });
});

describe("a request whose token was replaced by a login of another request", () => {
  it("throws CONFLICT when it writes or rotates, and changes nothing", async () => {
    const acts = [
      (session: Session<Data>) => session.patch({ views: 1 }),
      (session: Session<Data>) => session.rotate(),
    ];
    for (const act of acts) {
      const { manager, open, findRefusal } = createFixture();
      const { record, token } = await manager.create();
      const overtaken = await open(token);
      const { token: next, record: loggedIn } = await manager.authenticate(record.id, "alice");
      expect(await catchErrorCode(act(overtaken))).toBe("CONFLICT");
      expect(await findRefusal(next)).toBeNull();
      expect((await manager.find(record.id))?.data).toEqual(loggedIn.data);
    }
  });

  it("uses the same session if it logs in as the same subject", async () => {
    const { manager, open, findRefusal } = createFixture();
    const { record, token } = await manager.create({ data: { theme: "dark" } });
    const [first, second] = [await open(token), await open(token)];
    await first.authenticate("alice");
    await second.authenticate("alice");
    expect((await second.commit()).token).toBe((await first.commit()).token);
    expect(second.record).toMatchObject({ id: record.id, data: { theme: "dark" } });
    expect(await findRefusal((await first.commit()).token ?? "")).toBeNull();
  });

  it("can revoke the session, and then create another session", async () => {
    const { manager, open, findRefusal } = createFixture();
    const { record, token } = await manager.create();
    const session = await open(token);
    await manager.authenticate(record.id, "alice");
    expect(await session.revoke()).toBe(true);
    expect((await manager.find(record.id))?.state).toBe("revoked");
    await session.authenticate("bob");
    await session.rotate();
    expect(await findRefusal((await session.commit()).token ?? "")).toBeNull();
  });
});
