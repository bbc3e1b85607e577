import { describe, expect, it } from "vitest";
import { Session } from "../../src/session/session.ts";
import { catchErrorCode, createFixture, type Data } from "./fixtures.ts";

const mergeCarts = (visitor: Data, subject: Data | null): Data => ({
  cart: { ...subject?.cart, ...visitor.cart },
});

describe("authenticate()", () => {
  it("keeps id, visitor and data, and invalidates the older token immediately", async () => {
    const { manager, open, findRefusal } = createFixture();
    const { record, token } = await manager.create({ visitorId: "v", data: { cart: { apple: 1 } } });
    const session = await open(token);
    await session.authenticate("user-7", { tenant: "shop" });
    const commit = await session.commit();
    expect(commit.state).toBe("rotated");
    expect(await findRefusal(token)).toBe("superseded");
    const after = await open(commit.token ?? "");
    expect(after.record).toMatchObject({
      id: record.id,
      visitorId: "v",
      data: { cart: { apple: 1 } },
      subject: "user-7",
      tenant: "shop",
      type: "authenticated",
    });
  });

  it("stores the data that the same request assigned before the login", async () => {
    const { manager, open } = createFixture();
    const session = manager.begin();
    session.data.theme = "dark";
    await session.authenticate("user-7");
    const { token } = await session.commit();
    expect((await open(token ?? "")).record).toMatchObject({
      subject: "user-7",
      version: 1,
      data: { theme: "dark" },
    });
  });

  it("starts with initial data after a change of subject", async () => {
    const { manager, open } = createFixture();
    const session = manager.begin();
    session.data.cart = { apple: 1 };
    await session.authenticate("alice");
    await session.authenticate("bob");
    const { token } = await session.commit();
    const { record } = await open(token ?? "");
    expect([record?.subject, record?.data]).toEqual(["bob", {}]);
  });

  it("merges the visitor's data with the data of the subject's other session", async () => {
    const { manager } = createFixture({
      merge: (visitor, subject) => ({ ...subject, ...visitor, cart: { ...subject?.cart, ...visitor.cart } }),
    });
    const before = await manager.create({ subject: "alice", data: { cart: { pear: 2 }, theme: "dark" } });
    const visitor = await manager.create({ data: { cart: { apple: 1 } } });
    const { record } = await manager.authenticate(visitor.record.id, "alice");
    expect(record.data).toEqual({ cart: { pear: 2, apple: 1 }, theme: "dark" });
    expect((await manager.find(before.record.id))?.data).toEqual({ cart: { pear: 2 }, theme: "dark" });
  });

  it("succeeds when the merge function throws", async () => {
    const { manager, emitted } = createFixture({
      merge: () => {
        throw new Error("no");
      },
    });
    const visitor = await manager.create({ data: { theme: "dark" } });
    const { record } = await manager.authenticate(visitor.record.id, "alice");
    expect(record).toMatchObject({ subject: "alice", data: { theme: "dark" } });
    expect(emitted).toContain("failed");
  });

  it("uses the same session for an older token, and creates no second session", async () => {
    const { manager, open, store, now } = createFixture();
    const { token } = await manager.create();
    const [one, other] = [await open(token), await open(token)];
    await one.authenticate("alice");
    await other.authenticate("alice");
    const found = await manager.resume(token);
    if (found instanceof Session) throw new Error("The older token was accepted.");
    const late = manager.begin(undefined, found);
    late.data.theme = "dark";
    expect(await catchErrorCode(Promise.resolve(late.commit()))).toBe("CONFLICT");
    const again = manager.begin(undefined, found);
    await again.authenticate("alice");
    const tokens = await Promise.all(
      [one, other, again].map(async (session) => (await session.commit()).token),
    );
    expect(new Set(tokens).size).toBe(1);
    expect((await store.stats(now())).total).toBe(1);
  });

  it("creates a session of 30 days with `rememberMe: true` and the default policy", async () => {
    const { manager } = createFixture();
    const { record } = await manager.create();
    const { record: remembered } = await manager.authenticate(record.id, "alice", { rememberMe: true });
    const days = 30 * 24 * 60 * 60_000;
    expect(remembered).toMatchObject({
      rememberMe: true,
      idleTimeout: days,
      expiresAt: record.createdAt + days,
    });
  });
});

describe("authenticate() of a visitor without a stored session", () => {
  it("merges the data and emits `created` and `authenticated`", async () => {
    const { manager, emitted } = createFixture({ merge: mergeCarts });
    const { record } = await manager.create({ subject: "alice", data: { cart: { pear: 2 } } });
    emitted.length = 0;
    const session = manager.begin();
    session.data.cart = { apple: 1 };
    session.flash("welcome", "back");
    await session.authenticate("alice", { rememberMe: true });
    expect(session.record).toMatchObject({
      subject: "alice",
      rememberMe: true,
      data: { cart: { pear: 2, apple: 1 } },
      flash: { welcome: "back" },
    });
    expect(session.id).not.toBe(record.id);
    expect(emitted).toEqual(["created", "authenticated"]);
  });

  it("stores nothing when the session limit rejects the login", async () => {
    const { manager } = createFixture({
      merge: mergeCarts,
      policy: { sessionLimit: { max: 1, onExceeded: "reject" } },
    });
    await manager.create({ subject: "alice" });
    expect(await catchErrorCode(manager.begin().authenticate("alice"))).toBe("CONFLICT");
    expect((await manager.stats()).total).toBe(1);
  });
});

describe("authenticate() at the session limit", () => {
  for (const onExceeded of ["evict-oldest", "evict-least-recently-used"] as const) {
    it(`with ${onExceeded}, merges the data of the evicted session`, async () => {
      const { manager } = createFixture({
        merge: mergeCarts,
        policy: { sessionLimit: { max: 1, onExceeded } },
      });
      const before = await manager.create({ subject: "alice", data: { cart: { pear: 2 } } });
      const visitor = await manager.create({ data: { cart: { apple: 1 } } });
      const { record } = await manager.authenticate(visitor.record.id, "alice");
      expect(record.data).toEqual({ cart: { pear: 2, apple: 1 } });
      const first = manager.begin();
      await first.authenticate("alice");
      expect(first.record?.data).toEqual({ cart: { pear: 2, apple: 1 } });
      for (const { id } of [before.record, record]) {
        expect(await manager.find(id)).toMatchObject({ reason: "limit" });
      }
    });
  }
});

describe("the subject of a login", () => {
  // Values that JavaScript code may pass, because it has found no user or because ids are numbers.
  for (const subject of [undefined, null, "", 7, "\0", "\ud800", "x".repeat(1025), "é".repeat(513)]) {
    it(`is rejected if it is invalid: ${JSON.stringify(subject)?.slice(0, 8)}`, async () => {
      const { manager } = createFixture();
      const { record } = await manager.create();
      for (const login of [
        () => Reflect.apply(manager.authenticate, manager, [record.id, subject]),
        () => Reflect.apply(manager.begin().authenticate, manager.begin(), [subject]),
      ]) {
        await expect(login()).rejects.toMatchObject({
          code: "VALIDATION_FAILED",
          faults: [{ path: "subject" }],
        });
      }
      expect(await manager.stats()).toMatchObject({ total: 1, authenticated: 0 });
    });
  }

  it("is accepted if it has exactly 1024 bytes", async () => {
    const { manager } = createFixture();
    const { record } = await manager.create({ subject: "é".repeat(512) });
    expect(record.type).toBe("authenticated");
  });
});
