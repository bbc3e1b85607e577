import { describe, expect, it } from "vitest";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { codeOf, harness } from "./harness.ts";

const MINUTE = 60_000;
const policy = { rotateEvery: 15 * MINUTE, rotationGrace: 30_000, idleTimeout: 60 * MINUTE };

/** A session whose secret has just been rotated: the old token, and the one handed out in its place. */
async function rotatedSession() {
  const world = harness({ policy });
  const { record, token } = await world.manager.create({ subject: "alice" });
  world.pass(15 * MINUTE);
  const session = await world.open(token);
  const commit = await session.commit();
  return { ...world, record, old: token, commit, successor: commit.token ?? "" };
}

describe("periodic rotation", () => {
  it("waits until it is time", async () => {
    const { manager, open, pass } = harness({ policy });
    const { token } = await manager.create();
    pass(15 * MINUTE - 1);
    expect((await (await open(token)).commit()).token).toBeNull();
    pass(1);
    expect((await (await open(token)).commit()).state).toBe("rotated");
  });

  it("never happens for somebody who only asks", async () => {
    const { manager, pass } = harness({ policy });
    const { token } = await manager.create();
    pass(20 * MINUTE);
    const session = await manager.resume(token, "none");
    if (!("commit" in session)) throw new Error("refused");
    expect(await session.commit()).toMatchObject({ state: "unchanged", token: null });
  });

  it("hands every request that still carries the old secret the same successor", async () => {
    const { old, successor, open } = await rotatedSession();
    const late = await Promise.all(Array.from({ length: 5 }, async () => await (await open(old)).commit()));
    expect(successor).not.toBe(old);
    expect(late.map(({ token }) => token)).toEqual(Array(5).fill(successor));
  });

  it("lets the old secret open for the grace once the new one has been used, and hands out nothing", async () => {
    const { old, successor, open, pass } = await rotatedSession();
    await open(successor);
    pass(29_999);
    expect((await (await open(old)).commit()).token).toBeNull();
  });

  it("hands out nothing for it then, though the next rotation is due", async () => {
    const { old, successor, open, pass } = await rotatedSession();
    pass(15 * MINUTE);
    await open(successor);
    expect(await (await open(old)).commit()).toMatchObject({ state: "touched", token: null });
  });

  it("takes back a successor that died while the request wrote", async () => {
    const { old, successor, open } = await rotatedSession();
    const slow = await open(old);
    await (await open(successor)).elevate("payment", MINUTE);
    slow.data.theme = "dark";
    expect(await slow.commit()).toMatchObject({ state: "changed", token: null });
  });

  it("never comes to a request that a login has overtaken", async () => {
    const { manager, open, pass, refusal } = harness({ policy });
    const { record, token } = await manager.create();
    const slow = await open(token);
    const { token: next } = await manager.authenticate(record.id, "alice");
    slow.data.theme = "dark";
    await slow.save();
    pass(15 * MINUTE);
    expect(await slow.commit()).toMatchObject({ state: "changed", token: null });
    expect((await (await open(next)).commit()).state).toBe("rotated");
    expect(await refusal(token)).toBe("superseded");
  });

  it("takes a later use of the old secret for theft, and ends the session", async () => {
    const { old, successor, open, refusal, pass, told } = await rotatedSession();
    await open(successor);
    pass(30_000);
    expect(await refusal(old)).toBe("theft");
    expect(told).toContain("theft");
    expect(await refusal(successor)).toBe("revoked");
  });

  it("counts a lost answer as no theft, however late the browser comes back", async () => {
    const { old, successor, open, pass } = await rotatedSession();
    pass(14 * MINUTE);
    expect((await (await open(old)).commit()).token).toBe(successor);
  });

  it("gives way to a change of privilege, which kills old and new at once", async () => {
    const { old, successor, open, refusal } = await rotatedSession();
    await (await open(successor)).elevate("payment", MINUTE);
    expect(await refusal(old)).toBe("superseded");
    expect(await refusal(successor)).toBe("superseded");
  });

  it("leaves a session as it is when two requests rotate at once", async () => {
    const { manager, open, pass, refusal } = harness({ policy });
    const { token } = await manager.create();
    pass(15 * MINUTE);
    const [one, other] = [await open(token), await open(token)];
    const results = await Promise.all([one.commit(), codeOf(Promise.resolve(other.commit()))]);
    expect(results[1]).toBeNull();
    expect(await refusal(results[0].token ?? "")).toBeNull();
  });
});

describe("a session limit", () => {
  const limited = (when: "reject" | "evict-oldest" | "evict-least-recently-used") =>
    harness({ policy: { limit: { most: 2, when } } });

  it("rejects one session more, under parallel logins too", async () => {
    const { manager, store, now } = limited("reject");
    const visitors = await Promise.all(Array.from({ length: 10 }, () => manager.create()));
    const codes = await Promise.all(
      visitors.map(({ record }) => codeOf(manager.authenticate(record.id, "alice"))),
    );
    expect(codes.filter((code) => code === null)).toHaveLength(2);
    expect(codes.filter((code) => code === "CONFLICT")).toHaveLength(8);
    expect((await store.stats(now())).authenticated).toBe(2);
    expect(await codeOf(manager.create({ subject: "alice" }))).toBe("CONFLICT");
  });

  it("lets a subject log in again in a session of theirs", async () => {
    const { manager } = limited("reject");
    const { record } = await manager.create({ subject: "alice" });
    await manager.create({ subject: "alice" });
    expect(await codeOf(manager.authenticate(record.id, "alice"))).toBeNull();
  });

  it("ends the oldest", async () => {
    const { manager, refusal, pass, open } = limited("evict-oldest");
    const first = await manager.create({ subject: "alice" });
    pass(1000);
    const second = await manager.create({ subject: "alice" });
    pass(MINUTE);
    await open(first.token);
    const third = await manager.create({ subject: "alice" });
    const all = await Promise.all([first, second, third].map(({ token }) => refusal(token)));
    expect(all).toEqual(["revoked", null, null]);
    expect(await manager.find(first.record.id)).toMatchObject({ reason: "limit" });
  });

  it("ends the one that was used least recently", async () => {
    const { manager, refusal, pass, open, fire } = limited("evict-least-recently-used");
    const first = await manager.create({ subject: "alice" });
    pass(1000);
    const second = await manager.create({ subject: "alice" });
    pass(5 * MINUTE);
    await open(first.token);
    await fire();
    const third = await manager.create({ subject: "alice" });
    const all = await Promise.all([first, second, third].map(({ token }) => refusal(token)));
    expect(all).toEqual([null, "revoked", null]);
  });

  it("ends none when others have ended by themselves meanwhile", async () => {
    const inner = memoryStore();
    const leaving: string[] = [];
    const store: SessionStore = {
      ...inner,
      list: async (filter, page) => {
        for (const session of leaving) await inner.revoke({ session }, "logout");
        return await inner.list(filter, page);
      },
    };
    const { manager, refusal } = harness({ store, policy: { limit: { most: 4, when: "evict-oldest" } } });
    const all = [];
    for (let count = 0; count < 4; count++) all.push(await manager.create({ subject: "alice" }));
    const [first, second, ...staying] = all;
    leaving.push(first?.record.id ?? "", second?.record.id ?? "");
    await manager.create({ subject: "alice" });
    expect(await Promise.all(staying.map(({ token }) => refusal(token)))).toEqual([null, null]);
  });

  it("is small enough to choose from one page of sessions", () => {
    for (const most of [0, 1000]) {
      expect(() => harness({ policy: { limit: { most, when: "evict-oldest" } } })).toThrow(
        expect.objectContaining({ faults: [expect.objectContaining({ path: "limit.most" })] }),
      );
    }
  });

  it("counts no session that has expired", async () => {
    const { manager, pass } = harness({
      policy: { limit: { most: 1, when: "reject" }, idleTimeout: MINUTE },
    });
    await manager.create({ subject: "alice" });
    pass(MINUTE);
    expect(await codeOf(manager.create({ subject: "alice" }))).toBeNull();
  });
});
