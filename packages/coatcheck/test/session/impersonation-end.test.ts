import { describe, expect, it } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import type { RevocationScope } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { FakeTime } from "../cache/fixtures.ts";
import { CHECK, cacheTime, managerTime } from "./closed-fixtures.ts";
import { codeOf, createFixture } from "./fixtures.ts";
import { setUp, tokenAfter } from "./impersonation-fixtures.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe("the end of an impersonation", () => {
  it.each<[string, RevocationScope]>([
    ["the subject is logged out everywhere", { subject: "ada" }],
    ["the actor is logged out everywhere", { subject: "clerk" }],
    ["the subject's tenant is revoked", { tenant: "shop" }],
    ["the actor's tenant is revoked", { tenant: "support" }],
    ["everyone is revoked", { everyone: true }],
  ])("comes when %s", async (_case, scope) => {
    const { begin, manager, refusal } = await setUp();
    const { token, session } = await begin();
    await manager.revoke(scope);
    expect(await refusal(token)).toBe("revoked");
    expect((await manager.find(session.id))?.state).toBe("revoked");
  });

  it("comes on another node within the staleness bound, which reads nothing from the store before", async () => {
    const time = new FakeTime();
    const store = { ...memoryStore({ clock: time.clock }), reads: 0 };
    const { get } = store;
    store.get = (id) => {
      store.reads++;
      return get(id);
    };
    const { begin, manager } = await setUp({ store, ...managerTime(time) });
    const cache = createCache({ store, ...cacheTime(time) });
    const other = createFixture({ store, cache, ...managerTime(time) });
    await time.advance(2000);
    const { token } = await begin();
    expect(await other.refusal(token)).toBeNull();
    await other.refusal(token);
    const { reads } = store;
    expect([await other.refusal(token), store.reads - reads]).toEqual([null, 0]);
    await manager.revoke({ subject: "clerk" });
    await time.advance(2000);
    expect(await other.refusal(token)).toBe("revoked");
    await other.manager.close();
  });

  it("comes when the actor's session ends by its absolute timeout", async () => {
    const { begin, refusal, advance } = await setUp({ policy: { absoluteTimeout: 10 * MINUTE } });
    const { token } = await begin();
    advance(10 * MINUTE);
    expect(await refusal(token)).not.toBeNull();
  });

  it("is delayed for both sessions by the actor's activity", async () => {
    const { own, begin, refusal, advance, open, runTimers } = await setUp({
      policy: { idleTimeout: 20 * MINUTE },
    });
    const { token } = await begin();
    for (let step = 0; step < 3; step++) {
      advance(15 * MINUTE);
      await open(token);
      await runTimers();
    }
    expect([await refusal(token), await refusal(own.token)]).toEqual([null, null]);
  });

  it("aborts session.closed at the next check, when the actor's session is revoked", async () => {
    const time = new FakeTime();
    const { own, begin, open, manager } = await setUp(managerTime(time));
    const { closed } = await open((await begin()).token);
    await time.advance(CHECK);
    expect(closed.aborted).toBe(false);
    await manager.revoke({ session: own.record.id });
    await time.advance(CHECK);
    expect([closed.aborted, closed.reason?.code]).toEqual([true, "SESSION_REVOKED"]);
  });

  it("aborts session.closed at once, when this process logs the actor out everywhere", async () => {
    const { begin, open, manager } = await setUp();
    const { closed } = await open((await begin()).token);
    await manager.revoke({ subject: "clerk" });
    expect(closed.aborted).toBe(true);
  });

  it("comes with a logout, which ends the actor's session too", async () => {
    const { own, begin, open, refusal } = await setUp();
    const { token } = await begin();
    expect(await (await open(token)).revoke()).toBe(true);
    expect([await refusal(token), await refusal(own.token)]).toEqual(["revoked", "revoked"]);
  });

  it("leaves no login behind after a logout with the token of an ended impersonation", async () => {
    const { own, begin, request, refusal, advance } = await setUp();
    const { token } = await begin();
    advance(HOUR);
    expect(await (await request(token)).revoke()).toBe(true);
    expect(await refusal(own.token)).toBe("revoked");
  });

  it("comes with a login, which begins a session without an actor", async () => {
    const { own, begin, open, refusal } = await setUp();
    const { token } = await begin();
    const session = await open(token);
    await session.authenticate("ada");
    expect([session.subject, session.actor]).toEqual(["ada", null]);
    expect([await refusal(token), await refusal(own.token)]).toEqual(["revoked", "revoked"]);
  });
});

describe("the rights of an impersonation", () => {
  it("contain no elevation, neither the actor's nor a new one", async () => {
    const { own, begin, open, manager } = await setUp();
    const elevated = await open(own.token);
    await elevated.elevate("payment", HOUR);
    const { token } = await begin(await tokenAfter(elevated, own.token));
    const session = await open(token);
    expect(session.isElevated("payment")).toBe(false);
    expect(() => session.requireElevated("payment")).toThrow(expect.objectContaining({ code: "FORBIDDEN" }));
    expect(await codeOf(session.elevate("payment", HOUR))).toBe("FORBIDDEN");
    expect(await codeOf(manager.elevate(session.id, "payment", HOUR))).toBe("FORBIDDEN");
    expect(await codeOf(manager.authenticate(session.id, "eve"))).toBe("CONFLICT");
  });

  it("keep the actor's own elevation for the return, and no token without it gains it", async () => {
    const { own, begin, open, stop } = await setUp();
    const elevated = await open(own.token);
    await elevated.elevate("payment", HOUR);
    const withElevation = await tokenAfter(elevated, own.token);
    const fromOlder = await begin(own.token);
    const fromNewer = await begin(withElevation);
    const [older, newer] = [await stop(fromOlder.token), await stop(fromNewer.token)];
    expect([older.token, newer.token]).toEqual([own.token, withElevation]);
    expect((await open(older.token)).isElevated("payment")).toBe(false);
    expect((await open(newer.token)).isElevated("payment")).toBe(true);
  });

  it("exclude what a route forbids, and the end of the subject's other sessions", async () => {
    const { own, begin, open } = await setUp();
    const session = await open((await begin()).token);
    expect(() => session.forbidWhileImpersonating("change the password")).toThrow(
      "Not allowed while impersonating: change the password.",
    );
    expect(await codeOf(session.revokeOthers())).toBe("FORBIDDEN");
    (await open(own.token)).forbidWhileImpersonating("change the password");
  });

  it("survive no continuation by id after the idle timeout", async () => {
    const { begin, manager, advance } = await setUp({ policy: { idleTimeout: 10 * MINUTE } });
    const { session } = await begin();
    expect(await manager.isRevoked(session.id, { subject: "ada", tenant: "shop" })).toBe(false);
    advance(11 * MINUTE);
    expect(await manager.open(session.id, "ada")).toMatchObject({ refusal: "expired" });
  });

  it("keep the token of the impersonation through rotations", async () => {
    const { begin, open, advance } = await setUp({ policy: { rotateEvery: MINUTE } });
    const { token } = await begin();
    advance(2 * MINUTE);
    const session = await open(token);
    await session.rotate();
    expect((await session.commit()).token).toBeNull();
  });
});

it("an impersonation is an event at its begin and at its stop, with actor and reason", async () => {
  const { begin, stop, manager } = await setUp();
  const seen: unknown[] = [];
  for (const name of ["impersonation-started", "impersonation-stopped"] as const) {
    manager.events.on(name, ({ record, actor }) =>
      seen.push([name, record.subject, actor.subject, actor.reason]),
    );
  }
  await stop((await begin()).token);
  expect(seen).toEqual([
    ["impersonation-started", "ada", "clerk", "ticket 4711"],
    ["impersonation-stopped", "ada", "clerk", "ticket 4711"],
  ]);
});
