import { describe, expect, it } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import type { RevocationScope } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { FakeTime } from "../cache/fixtures.ts";
import { CHECK_INTERVAL, cacheTimeOptions, managerTimeOptions } from "./closed-fixtures.ts";
import { catchErrorCode, createFixture } from "./fixtures.ts";
import { commitAndReadToken, setUpAdministrator } from "./impersonation-fixtures.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe("an impersonation", () => {
  it.each<[string, RevocationScope]>([
    ["the subject's sessions are revoked", { subject: "ada" }],
    ["the actor's sessions are revoked", { subject: "clerk" }],
    ["the sessions of the subject's tenant are revoked", { tenant: "shop" }],
    ["the sessions of the actor's tenant are revoked", { tenant: "support" }],
    ["everyone's sessions are revoked", { everyone: true }],
  ])("ends when %s", async (_case, scope) => {
    const { begin, manager, findRefusal } = await setUpAdministrator();
    const { token, session } = await begin();
    await manager.revoke(scope);
    expect(await findRefusal(token)).toBe("revoked");
    expect((await manager.find(session.id))?.state).toBe("revoked");
  });

  it("ends on another node within the staleness bound, although that node reads the session from its cache", async () => {
    const time = new FakeTime();
    const store = { ...memoryStore({ clock: time.clock }), reads: 0 };
    const { get } = store;
    store.get = (id) => {
      store.reads++;
      return get(id);
    };
    const { begin, manager } = await setUpAdministrator({ store, ...managerTimeOptions(time) });
    const cache = createCache({ store, ...cacheTimeOptions(time) });
    const other = createFixture({ store, cache, ...managerTimeOptions(time) });
    await time.advance(2000);
    const { token } = await begin();
    expect(await other.findRefusal(token)).toBeNull();
    await other.findRefusal(token);
    const { reads } = store;
    expect([await other.findRefusal(token), store.reads - reads]).toEqual([null, 0]);
    await manager.revoke({ subject: "clerk" });
    await time.advance(2000);
    expect(await other.findRefusal(token)).toBe("revoked");
    await other.manager.close();
  });

  it("ends at the absolute timeout of the actor's session", async () => {
    const { begin, findRefusal, advance } = await setUpAdministrator({
      policy: { absoluteTimeout: 10 * MINUTE },
    });
    const { token } = await begin();
    advance(10 * MINUTE);
    expect(await findRefusal(token)).not.toBeNull();
  });

  it("restarts the idle timeouts of both sessions when the actor sends a request", async () => {
    const { own, begin, findRefusal, advance, open, runTimers } = await setUpAdministrator({
      policy: { idleTimeout: 20 * MINUTE },
    });
    const { token } = await begin();
    for (let step = 0; step < 3; step++) {
      advance(15 * MINUTE);
      await open(token);
      await runTimers();
    }
    expect([await findRefusal(token), await findRefusal(own.token)]).toEqual([null, null]);
  });

  it("aborts session.closed at the next check after the actor's session is revoked", async () => {
    const time = new FakeTime();
    const { own, begin, open, manager } = await setUpAdministrator(managerTimeOptions(time));
    const { closed } = await open((await begin()).token);
    await time.advance(CHECK_INTERVAL);
    expect(closed.aborted).toBe(false);
    await manager.revoke({ session: own.record.id });
    await time.advance(CHECK_INTERVAL);
    expect([closed.aborted, closed.reason?.code]).toEqual([true, "SESSION_REVOKED"]);
  });

  it("aborts session.closed at once when this process revokes all sessions of the actor", async () => {
    const { begin, open, manager } = await setUpAdministrator();
    const { closed } = await open((await begin()).token);
    await manager.revoke({ subject: "clerk" });
    expect(closed.aborted).toBe(true);
  });

  it("ends at a logout, together with the actor's session", async () => {
    const { own, begin, open, findRefusal } = await setUpAdministrator();
    const { token } = await begin();
    expect(await (await open(token)).revoke()).toBe(true);
    expect([await findRefusal(token), await findRefusal(own.token)]).toEqual(["revoked", "revoked"]);
  });

  it("ends the actor's session at a logout even after the impersonation has expired", async () => {
    const { own, begin, request, findRefusal, advance } = await setUpAdministrator();
    const { token } = await begin();
    advance(HOUR);
    expect(await (await request(token)).revoke()).toBe(true);
    expect(await findRefusal(own.token)).toBe("revoked");
  });

  it("ends at a login, together with the actor's session", async () => {
    const { own, begin, open, findRefusal } = await setUpAdministrator();
    const { token } = await begin();
    const session = await open(token);
    await session.authenticate("ada");
    expect([session.subject, session.actor]).toEqual(["ada", null]);
    expect([await findRefusal(token), await findRefusal(own.token)]).toEqual(["revoked", "revoked"]);
  });
});

describe("the session of an impersonation", () => {
  it("inherits no elevation of the actor's session, and throws FORBIDDEN for elevate()", async () => {
    const { own, begin, open, manager } = await setUpAdministrator();
    const elevated = await open(own.token);
    await elevated.elevate("payment", HOUR);
    const { token } = await begin(await commitAndReadToken(elevated, own.token));
    const session = await open(token);
    expect(session.isElevated("payment")).toBe(false);
    expect(() => session.requireElevated("payment")).toThrow(expect.objectContaining({ code: "FORBIDDEN" }));
    expect(await catchErrorCode(session.elevate("payment", HOUR))).toBe("FORBIDDEN");
    expect(await catchErrorCode(manager.elevate(session.id, "payment", HOUR))).toBe("FORBIDDEN");
    expect(await catchErrorCode(manager.authenticate(session.id, "eve"))).toBe("CONFLICT");
  });

  it("is replaced by the actor's own session, with its token and elevations, when the impersonation stops", async () => {
    const { own, begin, open, stop } = await setUpAdministrator();
    const elevated = await open(own.token);
    await elevated.elevate("payment", HOUR);
    const withElevation = await commitAndReadToken(elevated, own.token);
    const fromOlder = await begin(own.token);
    const fromNewer = await begin(withElevation);
    const [older, newer] = [await stop(fromOlder.token), await stop(fromNewer.token)];
    expect([older.token, newer.token]).toEqual([own.token, withElevation]);
    expect((await open(older.token)).isElevated("payment")).toBe(false);
    expect((await open(newer.token)).isElevated("payment")).toBe(true);
  });

  it("throws FORBIDDEN for revokeOthers(), and for actions that a route forbids", async () => {
    const { own, begin, open } = await setUpAdministrator();
    const session = await open((await begin()).token);
    expect(() => session.forbidWhileImpersonating("change the password")).toThrow(
      "Not allowed while impersonating: change the password.",
    );
    expect(await catchErrorCode(session.revokeOthers())).toBe("FORBIDDEN");
    (await open(own.token)).forbidWhileImpersonating("change the password");
  });

  it("is not continued after its idle timeout by manager.open()", async () => {
    const { begin, manager, advance } = await setUpAdministrator({ policy: { idleTimeout: 10 * MINUTE } });
    const { session } = await begin();
    expect(await manager.isRevoked(session.id, { subject: "ada", tenant: "shop" })).toBe(false);
    advance(11 * MINUTE);
    expect(await manager.open(session.id, "ada")).toMatchObject({ refusal: "expired" });
  });

  it("keeps its token, because rotate() and periodic rotation issue no new token for it", async () => {
    const { begin, open, advance } = await setUpAdministrator({ policy: { rotateEvery: MINUTE } });
    const { token } = await begin();
    advance(2 * MINUTE);
    const session = await open(token);
    await session.rotate();
    expect((await session.commit()).token).toBeNull();
  });
});

it("an impersonation emits an event when it begins and when it stops, with actor and reason", async () => {
  const { begin, stop, manager } = await setUpAdministrator();
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
