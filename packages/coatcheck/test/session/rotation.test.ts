import { describe, expect, it } from "vitest";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { catchErrorCode, createFixture } from "./fixtures.ts";

const MINUTE = 60_000;
const policy = { rotateEvery: 15 * MINUTE, tokenOverlap: 30_000, idleTimeout: 60 * MINUTE };

/** Creates a session, and rotates its token. Returns the older and the new token. */
async function createRotatedSession() {
  const fixture = createFixture({ policy });
  const { record, token } = await fixture.manager.create({ subject: "alice" });
  fixture.advance(15 * MINUTE);
  const session = await fixture.open(token);
  const commit = await session.commit();
  return { ...fixture, record, old: token, commit, successor: commit.token ?? "" };
}

describe("periodic rotation", () => {
  it("does not happen before `rotateEvery` has passed", async () => {
    const { manager, open, advance } = createFixture({ policy });
    const { token } = await manager.create();
    advance(15 * MINUTE - 1);
    expect((await (await open(token)).commit()).token).toBeNull();
    advance(1);
    expect((await (await open(token)).commit()).state).toBe("rotated");
  });

  it("does not happen for a request with the activity `none`", async () => {
    const { manager, advance } = createFixture({ policy });
    const { token } = await manager.create();
    advance(20 * MINUTE);
    const session = await manager.resume(token, "none");
    if (!("commit" in session)) throw new Error("refused");
    expect(await session.commit()).toMatchObject({ state: "unchanged", token: null });
  });

  it("issues the same new token to every request with the older token", async () => {
    const { old, successor, open } = await createRotatedSession();
    const late = await Promise.all(Array.from({ length: 5 }, async () => await (await open(old)).commit()));
    expect(successor).not.toBe(old);
    expect(late.map(({ token }) => token)).toEqual(Array(5).fill(successor));
  });

  it("accepts the older token during the overlap, and sends no further new token in response to it", async () => {
    const { old, successor, open, advance } = await createRotatedSession();
    await open(successor);
    advance(29_999);
    expect((await (await open(old)).commit()).token).toBeNull();
  });

  it("sends no new token to a request with an older token, even if the next rotation is due", async () => {
    const { old, successor, open, advance } = await createRotatedSession();
    advance(15 * MINUTE);
    await open(successor);
    expect(await (await open(old)).commit()).toMatchObject({ state: "touched", token: null });
  });

  it("does not send a new token that another change made invalid during the request's write", async () => {
    const { old, successor, open } = await createRotatedSession();
    const slow = await open(old);
    await (await open(successor)).elevate("payment", MINUTE);
    slow.data.theme = "dark";
    expect(await slow.commit()).toMatchObject({ state: "changed", token: null });
  });

  it("does not happen for a request whose token was replaced by a login", async () => {
    const { manager, open, advance, findRefusal } = createFixture({ policy });
    const { record, token } = await manager.create();
    const slow = await open(token);
    const { token: next } = await manager.authenticate(record.id, "alice");
    advance(15 * MINUTE);
    expect(await slow.commit()).toMatchObject({ token: null });
    expect((await (await open(next)).commit()).state).toBe("rotated");
    expect(await findRefusal(token)).toBe("unknown");
  });

  it("revokes the session when the older token is used after the overlap", async () => {
    const { old, successor, open, findRefusal, advance, emitted } = await createRotatedSession();
    await open(successor);
    advance(30_000);
    expect(await findRefusal(old)).toBe("token-reuse");
    expect(emitted).toContain("token-reuse");
    expect(await findRefusal(successor)).toBe("revoked");
  });

  it("accepts the older token at any later time if the new token was never used", async () => {
    const { old, successor, open, advance } = await createRotatedSession();
    advance(14 * MINUTE);
    expect((await (await open(old)).commit()).token).toBe(successor);
  });

  it("issues tokens that a later change of privilege invalidates", async () => {
    const { old, successor, open, findRefusal } = await createRotatedSession();
    await (await open(successor)).rotate();
    expect(await findRefusal(old)).toBe("superseded");
    expect(await findRefusal(successor)).toBe("superseded");
  });

  it("leaves one valid token when two requests rotate at the same time", async () => {
    const { manager, open, advance, findRefusal } = createFixture({ policy });
    const { token } = await manager.create();
    advance(15 * MINUTE);
    const [one, other] = [await open(token), await open(token)];
    const results = await Promise.all([one.commit(), catchErrorCode(Promise.resolve(other.commit()))]);
    expect(results[1]).toBeNull();
    expect(await findRefusal(results[0].token ?? "")).toBeNull();
  });
});

describe("a session limit", () => {
  const limited = (onExceeded: "reject" | "evict-oldest" | "evict-least-recently-used") =>
    createFixture({ policy: { sessionLimit: { max: 2, onExceeded } } });

  it("rejects logins above the limit, including parallel logins", async () => {
    const { manager, store, now } = limited("reject");
    const visitors = await Promise.all(Array.from({ length: 10 }, () => manager.create()));
    const codes = await Promise.all(
      visitors.map(({ record }) => catchErrorCode(manager.authenticate(record.id, "alice"))),
    );
    expect(codes.filter((code) => code === null)).toHaveLength(2);
    expect(codes.filter((code) => code === "CONFLICT")).toHaveLength(8);
    expect((await store.stats(now())).authenticated).toBe(2);
    expect(await catchErrorCode(manager.create({ subject: "alice" }))).toBe("CONFLICT");
  });

  it("accepts a repeated login in an existing session of the subject", async () => {
    const { manager } = limited("reject");
    const { record } = await manager.create({ subject: "alice" });
    await manager.create({ subject: "alice" });
    expect(await catchErrorCode(manager.authenticate(record.id, "alice"))).toBeNull();
  });

  it("revokes the oldest session with `evict-oldest`", async () => {
    const { manager, findRefusal, advance, open } = limited("evict-oldest");
    const first = await manager.create({ subject: "alice" });
    advance(1000);
    const second = await manager.create({ subject: "alice" });
    advance(MINUTE);
    await open(first.token);
    const third = await manager.create({ subject: "alice" });
    const all = await Promise.all([first, second, third].map(({ token }) => findRefusal(token)));
    expect(all).toEqual(["revoked", null, null]);
    expect(await manager.find(first.record.id)).toMatchObject({ reason: "limit" });
  });

  it("revokes the least recently used session with `evict-least-recently-used`", async () => {
    const { manager, findRefusal, advance, open, runTimers } = limited("evict-least-recently-used");
    const first = await manager.create({ subject: "alice" });
    advance(1000);
    const second = await manager.create({ subject: "alice" });
    advance(5 * MINUTE);
    await open(first.token);
    await runTimers();
    const third = await manager.create({ subject: "alice" });
    const all = await Promise.all([first, second, third].map(({ token }) => findRefusal(token)));
    expect(all).toEqual([null, "revoked", null]);
  });

  it("revokes no session if another session ends before the revocation, so that the limit is no longer exceeded", async () => {
    const inner = memoryStore();
    const leaving: string[] = [];
    const store: SessionStore = {
      ...inner,
      list: async (filter, page) => {
        for (const session of leaving) await inner.revoke({ session }, "logout");
        return await inner.list(filter, page);
      },
    };
    const { manager, findRefusal } = createFixture({
      store,
      policy: { sessionLimit: { max: 4, onExceeded: "evict-oldest" } },
    });
    const all = [];
    for (let count = 0; count < 4; count++) all.push(await manager.create({ subject: "alice" }));
    const [first, second, ...staying] = all;
    leaving.push(first?.record.id ?? "", second?.record.id ?? "");
    await manager.create({ subject: "alice" });
    expect(await Promise.all(staying.map(({ token }) => findRefusal(token)))).toEqual([null, null]);
  });

  it("is rejected unless it is from 1 to 999", () => {
    for (const max of [0, 1000]) {
      expect(() => createFixture({ policy: { sessionLimit: { max, onExceeded: "evict-oldest" } } })).toThrow(
        expect.objectContaining({ faults: [expect.objectContaining({ path: "sessionLimit.max" })] }),
      );
    }
  });

  it("does not count expired sessions", async () => {
    const { manager, advance } = createFixture({
      policy: { sessionLimit: { max: 1, onExceeded: "reject" }, idleTimeout: MINUTE },
    });
    await manager.create({ subject: "alice" });
    advance(MINUTE);
    expect(await catchErrorCode(manager.create({ subject: "alice" }))).toBeNull();
  });
});
